"""Pictures as functions of plain numbers: into Matplotlib's axes, and as pieces of HTML for notebooks.

The `plot` methods of topologies, tables, distances and studies lead here. Nothing in here knows the rest of the
package: what is drawn comes as arrays, or as anything with a junction's sizes and edges.
"""

from gossamer.plots.bars import draw_bars
from gossamer.plots.canvas import Picture, axes_or_new
from gossamer.plots.clouds import Cloud, draw_clouds
from gossamer.plots.heat import draw_heat_map
from gossamer.plots.lines import Curve, draw_curves
from gossamer.plots.matrix import Graph, density_grid, draw_degrees, draw_matrix, matrix_png
from gossamer.plots.network import draw_network, live_neurons
from gossamer.plots.notebook import html_table
from gossamer.plots.scales import Scale, scale_of
from gossamer.plots.style import Style, style_of, styles_of

__all__ = [
    "Cloud",
    "Curve",
    "Graph",
    "Picture",
    "Scale",
    "Style",
    "axes_or_new",
    "density_grid",
    "draw_bars",
    "draw_clouds",
    "draw_curves",
    "draw_degrees",
    "draw_heat_map",
    "draw_matrix",
    "draw_network",
    "html_table",
    "live_neurons",
    "matrix_png",
    "scale_of",
    "style_of",
    "styles_of",
]
