// Whether Python objects are as they were: what gossamer.nn.training_step would ask before each step, without bytecode.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>

#include <cstring>
#include <tuple>
#include <utility>

#include "arrays.hpp"
#include "bind.hpp"

namespace nb = nanobind;

namespace {

// As in gossamer.nn.watch.
enum Check : long { EMPTY, VALUES, MEMBERS, ITEM, ATTRIBUTE, RESULT, KIND };
constexpr const char* names[] = {"EMPTY", "VALUES", "MEMBERS", "ITEM", "ATTRIBUTE", "RESULT", "KIND"};

// Where an ellipsis is expected, any value will do.
bool same_values(PyObject* dict, PyObject* expected) {
    if (PyDict_Size(dict) != PyTuple_Size(expected)) return false;
    PyObject *key, *value;
    Py_ssize_t place = 0, number = 0;
    while (PyDict_Next(dict, &place, &key, &value)) {
        PyObject* const each = PyTuple_GetItem(expected, number++);
        if (value != each && each != Py_Ellipsis) return false;
    }
    return true;
}

bool same_members(PyObject* list, PyObject* expected) {
    const Py_ssize_t size = PyList_Size(list);
    if (size != PyTuple_Size(expected)) return false;
    for (Py_ssize_t k = 0; k < size; ++k)
        if (PyList_GetItem(list, k) != PyTuple_GetItem(expected, k)) return false;
    return true;
}

// Things that are missing count as None.
bool same_item(PyObject* dict, PyObject* key, PyObject* expected) {
    PyObject* found = PyDict_GetItemWithError(dict, key);
    return (found ? found : Py_None) == expected;
}

bool same_attribute(PyObject* object, PyObject* name, PyObject* expected) {
    PyObject* found = PyObject_GetAttr(object, name);
    if (!found) {
        PyErr_Clear();
        return expected == Py_None;
    }
    Py_DECREF(found);
    return found == expected;
}

bool same_result(PyObject* object, PyObject* method, PyObject* expected) {
    PyObject* found = PyObject_CallOneArg(method, object);
    if (!found) throw nb::python_error();
    const int equal = PyObject_RichCompareBool(found, expected, Py_EQ);
    Py_DECREF(found);
    return equal == 1;
}

bool all_of_kind(PyObject* dict, PyObject* kind) {
    PyObject *key, *value;
    Py_ssize_t place = 0;
    while (PyDict_Next(dict, &place, &key, &value))
        if (PyObject_IsInstance(value, kind) != 1) return false;
    return true;
}

// `checks` are tuples (which, object, name or method, expected).
bool unchanged(nb::list checks) {
    for (nb::handle check : checks) {
        PyObject* const each = check.ptr();
        PyObject *const object = PyTuple_GetItem(each, 1), *const name = PyTuple_GetItem(each, 2),
                        *const expected = PyTuple_GetItem(each, 3);
        bool same = false;
        switch (PyLong_AsLong(PyTuple_GetItem(each, 0))) {
            case EMPTY:
                same = PyDict_Size(object) == 0;
                break;
            case VALUES:
                same = same_values(object, expected);
                break;
            case MEMBERS:
                same = same_members(object, expected);
                break;
            case ITEM:
                same = same_item(object, name, expected);
                break;
            case ATTRIBUTE:
                same = same_attribute(object, name, expected);
                break;
            case RESULT:
                same = same_result(object, name, expected);
                break;
            case KIND:
                same = all_of_kind(object, expected);
                break;
        }
        if (PyErr_Occurred()) throw nb::python_error();
        if (!same) return false;
    }
    return true;
}

// Whether two arrays of int32 hold the same numbers at about 64 places: somebody who copies another array over one of
// them past autograd's counters is noticed, at a price that does not grow with the arrays.
bool alike(const std::tuple<uintptr_t, uintptr_t, int64_t>& arrays) {
    const auto [one, other, size] = arrays;
    const auto *a = reinterpret_cast<const int32_t*>(one), *b = reinterpret_cast<const int32_t*>(other);
    const int64_t step = size / 64 + 1;
    for (int64_t k = 0; k < size; k += step)
        if (a[k] != b[k]) return false;
    return size == 0 || a[size - 1] == b[size - 1];
}

// Whether two arrays of int32 hold the same numbers.
bool equal(const std::tuple<uintptr_t, uintptr_t, int64_t>& arrays) {
    const auto [one, other, size] = arrays;
    return size == 0 ||
           std::memcmp(reinterpret_cast<void*>(one), reinterpret_cast<void*>(other), size_t(size) * 4) == 0;
}

// Where an array's numbers are, and their bytes.
std::pair<uintptr_t, int64_t> address(const gossamer::In<int32_t>& array) {
    return {reinterpret_cast<uintptr_t>(array.data()), int64_t(array.nbytes())};
}

}  // namespace

void bind_watch(nb::module_& m) {
    m.def("unchanged", &unchanged);
    m.def("address", &address, nb::arg().noconvert());
    m.def("alike", &alike);
    m.def("equal", &equal);
    nb::dict checks;
    for (long number = EMPTY; number <= KIND; ++number) checks[names[number]] = number;
    m.attr("CHECKS") = checks;
}
