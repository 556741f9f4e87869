"""Digests of the values of NumPy, SciPy, PyTorch, Polars and others, by what they hold, not how it is laid out."""

from __future__ import annotations

from typing import Any

from jupyter_prodkit.session.classes import (
    defines,
    derives,
    instance_attributes,
    is_users_class,
    loaded,
    module_of,
    qualified_name,
)
from jupyter_prodkit.session.container_digest import items

__all__ = [
    "array",
    "numpy_value",
    "pillow_value",
    "polars_value",
    "random_value",
    "scipy_value",
    "sklearn_value",
    "torch_value",
]

_LONGEST_LISTED = 200_000
_SECONDS_PER_BYTE = 1e-9
_SECONDS_PER_BYTE_AS_IT_LIES = 1e-10
_EXACT = {8: (1 << 5, ~((1 << 6) - 1)), 4: (0, ~0)}
_COARSE = {8: (1 << 28, ~((1 << 29) - 1)), 4: (1 << 2, ~((1 << 3) - 1))}
"""By the size of a float in bytes: what to add to its bits and which of them then count: fourteen and seven digits."""


def numpy_value(walk: Any, value: Any, kind: type, depth: int) -> bool:
    """Feed an array, a NumPy number or a generator of random numbers; False for anything else."""
    numpy: Any = loaded("numpy")
    if numpy is None:
        return False
    if derives(kind, numpy.ndarray):
        _array_object(walk, value, kind, depth, numpy)
    elif derives(kind, numpy.generic):
        walk.text("dtype", value.dtype.str)
        walk.value(value.item() if value.dtype.kind != "V" else value.tobytes(), depth)
    elif derives(kind, numpy.dtype):
        walk.text("dtype", str(value))
    elif kind is numpy.ufunc:
        walk.text("ufunc", value.__name__)
    else:
        return _generator(walk, value, kind, depth)
    return True


def _generator(walk: Any, value: Any, kind: type, depth: int) -> bool:
    random: Any = loaded("numpy.random")  # NumPy loads it when first asked, which is not for us to do
    if random is None:
        return False
    if kind is random.Generator:
        walk.part(value.bit_generator)
        walk.fleeting(value.bit_generator.state, depth)
    elif kind is random.RandomState:
        walk.part(value)
        walk.fleeting(value.get_state(legacy=False), depth)
    elif derives(kind, random.BitGenerator) and not is_users_class(kind):
        walk.part(value)
        walk.fleeting(value.state, depth)
    else:
        return False
    return True


def _array_object(walk: Any, value: Any, kind: type, depth: int, numpy: Any) -> None:
    plain = value if kind is numpy.ndarray else numpy.ndarray.view(value, numpy.ndarray)
    owner = plain if kind is numpy.ndarray else numpy.ndarray.base.__get__(plain)
    while type(owner) is numpy.ndarray and owner.base is not None:
        owner = owner.base
    walk.part(owner)
    masked: Any = loaded("numpy.ma")  # NumPy loads it when first asked, which is not for us to do
    if masked is not None and derives(kind, masked.MaskedArray):
        _masked_array(walk, value, kind, depth, plain)
        return
    array(walk, plain, depth)
    if not plain.flags.writeable:
        walk.text("array", "read only")
    if kind is not numpy.ndarray:
        walk.text("array", qualified_name(kind))
        for name, item in instance_attributes(value, kind) or ():
            walk.text("attribute", name)
            walk.value(item, depth)


def _masked_array(walk: Any, value: Any, kind: type, depth: int, data: Any) -> None:
    if is_users_class(kind):
        raise ValueError(kind)
    numpy: Any = loaded("numpy")
    mask = numpy.ma.getmaskarray(value)
    array(walk, numpy.where(mask, numpy.zeros((), data.dtype), data) if mask.any() else data, depth)
    array(walk, mask, depth)
    fill = dict(instance_attributes(value, kind) or ()).get("_fill_value")
    fill = numpy.ma.default_fill_value(data.dtype) if fill is None else fill
    walk.fleeting(numpy.array(fill, dtype=data.dtype).tolist(), depth)  # as NumPy settles it when it is asked for


def array(walk: Any, value: Any, depth: int) -> None:
    """Feed the elements of a plain array: type, shape, content."""
    kind = value.dtype.kind
    walk.text("array", f"{value.dtype.str} {value.shape}")
    if kind == "O":
        walk.afford(value.size * 5e-8)
        items(walk, "objects", value.ravel().tolist(), depth)
    elif kind == "V" and value.dtype.names:
        for name in value.dtype.names:
            array(walk, value[name], depth)
    elif kind == "V" and value.dtype.hasobject:
        items(walk, "records", value.ravel().tolist(), depth)
    else:
        _numbers(walk, value, kind)


def _numbers(walk: Any, value: Any, kind: str) -> None:
    computes = kind in "fc" or not value.flags.c_contiguous
    walk.afford(value.nbytes * (_SECONDS_PER_BYTE if computes else _SECONDS_PER_BYTE_AS_IT_LIES))
    content = value if value.flags.c_contiguous else value.copy(order="C")
    if kind == "c":
        content = content.view(f"f{value.dtype.itemsize // 2}")
    if kind in "fc" and content.dtype.itemsize in _EXACT and content.dtype.isnative and content.size:
        walk.floats(_rounded(content, _EXACT), _rounded(content, _COARSE), content.nbytes)
        return
    walk.bytes("data", content.reshape(-1).view("u1") if content.size else b"", content.nbytes)


def _rounded(content: Any, digits: dict[int, tuple[int, int]]) -> Any:
    half, mask = digits[content.dtype.itemsize]
    bits = content.reshape(-1).view(f"i{content.dtype.itemsize}") + half  # a new array
    bits &= mask
    return bits


def scipy_value(walk: Any, value: Any, kind: type, depth: int) -> bool:
    """Feed a sparse matrix; False for anything else."""
    if not module_of(kind).startswith("scipy.sparse") or not defines(kind, "nnz"):
        return False
    attributes = dict(instance_attributes(value, kind) or ())
    walk.text("sparse", f"{kind.__name__} {attributes.get('_shape')}")
    for name in ("data", "indices", "indptr", "row", "col", "coords", "offsets", "rows", "_dict"):
        if name in attributes:
            walk.text("attribute", name)
            walk.value(attributes[name], depth)
    return True


def sklearn_value(walk: Any, value: Any, kind: type, depth: int) -> bool:
    """Feed an object of scikit-learn that is written in C, by what it gives to be pickled; False for others."""
    if defines(kind, "__dict__"):
        return False
    walk.part(value)
    walk.afford(1e-4)
    walk.text("object", qualified_name(kind))
    walk.fleeting(value.__reduce__()[1:], depth)
    return True


def torch_value(walk: Any, value: Any, kind: type, depth: int) -> bool:
    """Feed a tensor on the CPU; a tensor on another device is opaque (to look would wait for it); False otherwise."""
    torch: Any = loaded("torch")
    if torch is None or not derives(kind, torch.Tensor):
        return False
    if value.device.type != "cpu" or value.layout is not torch.strided:
        raise ValueError(kind)
    walk.address(value.data_ptr())
    detached = value.detach()
    content = detached.view(torch.int16) if value.dtype is torch.bfloat16 else detached
    walk.text("tensor", f"{value.dtype} {value.requires_grad}")
    array(walk, content.resolve_conj().numpy(), depth)
    return True


def polars_value(walk: Any, value: Any, kind: type, depth: int) -> bool:
    """Feed an eager frame or series, if it is small; a lazy one is opaque."""
    if kind.__name__ not in {"DataFrame", "Series"}:
        raise ValueError(kind)
    walk.part(value)
    size = len(value) * (value.width if kind.__name__ == "DataFrame" else 1)
    if size > _LONGEST_LISTED:
        raise ValueError(kind)
    walk.afford(size * 1e-6)
    for series in value.get_columns() if kind.__name__ == "DataFrame" else [value]:
        walk.text("series", f"{series.name} {series.dtype}")
        items(walk, "values", series.to_list(), depth)
    return True


def pillow_value(walk: Any, value: Any, kind: type, depth: int) -> bool:
    """Feed an image; False for anything else."""
    image: Any = loaded("PIL.Image")
    if image is None or not derives(kind, image.Image):
        return False
    walk.part(value)
    walk.afford(value.size[0] * value.size[1] * 4e-9)
    walk.text("image", f"{kind.__name__} {value.mode} {value.size}")
    walk.bytes("pixels", value.tobytes(), value.size[0] * value.size[1])
    walk.fleeting(dict(value.info), depth)
    return True


def random_value(walk: Any, value: Any, kind: type, _: int) -> bool:
    """Feed the state of a `random.Random`."""
    random: Any = loaded("random")
    if kind is not random.Random:
        return False
    walk.part(value)
    version, numbers, spare = value.getstate()
    walk.text("random", f"{version} {hash(numbers):x} {spare}")  # numbers only: no hash seed plays a part
    return True
