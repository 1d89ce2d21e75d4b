"""`gossamer zoo`, and where other commands take its networks."""

import gossamer as gs


def test_list_and_card(run):
    code, out, _ = run("zoo", "list")
    assert code == 0
    assert all(name in out for name in gs.zoo.names())
    assert run("zoo", "card", "rigl-mnist-1pct") == (0, f"{gs.zoo.card('rigl-mnist-1pct')}\n", "")


def test_the_command_on_the_card_prints_its_accuracy(run):
    code, out, _ = run("zoo", "test", "fibonacci-digits")
    card = gs.zoo.card("fibonacci-digits")
    assert (code, f"{card.accuracy:.2%} of the test examples of digits;" in out) == (0, True)
    assert f"gossamer zoo test {card.name}" in str(card)


def test_other_commands_take_them(run, refused):
    code, out, _ = run("measure", "zoo:fibonacci-digits", "--only", "num_edges,weight_variance", "--csv")
    assert code == 0
    assert "zoo:fibonacci-digits,network,num_edges,1408," in out
    code, out, _ = run("compare", "zoo:fibonacci-digits", "zoo:fibonacci-digits")
    assert (code, "nnstd from zoo:fibonacci-digits to zoo:fibonacci-digits, again: 0.000000" in out) == (0, True)
    code, out, err = run("probe", "regions", "zoo:fibonacci-digits", "--samples", 2, "--examples", 20)
    assert code == 0, err
    assert "no data set is known" not in out
    assert "there is no network in the zoo 'lion'" in refused("measure", "zoo:lion")
