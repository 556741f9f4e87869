"""What a notebook's own functions were called with and gave: the proof of an exported function is to call it again.

Runs inside the kernel; only the standard library. A call counts where its arguments can be pickled without the
notebook, where it returns something, and where the same call at the end of the notebook gives the same again (else it
lives on what is neither argument nor random stream); up to three of each function, outermost ones only.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import pickle
import random
import sys
import types

MOST = 3
LARGEST = 20_000_000


class Recorder:
    """Watches calls of functions that the notebook defines, by the interpreter's profile hook."""

    def __init__(self, namespace, names, describe) -> None:
        self.namespace, self.names, self.describe = namespace, set(names), describe
        self.calls: dict[str, list[dict]] = {}
        self.open: dict[int, dict] = {}
        self.codes: dict[types.CodeType, str] = {}

    def start(self) -> None:
        """Begin to watch; told again before each cell."""
        found = {name: self.namespace.get(name) for name in self.names}
        self.codes = {f.__code__: name for name, f in found.items() if isinstance(f, types.FunctionType)}
        sys.setprofile(self.event)

    def event(self, frame, event, arg) -> None:
        """Take a call's arguments, or what it gives."""
        if event not in ("call", "return"):
            return
        name = self.codes.get(frame.f_code)
        if name is None and (frame.f_code.co_name not in self.names or frame.f_globals is not self.namespace):
            return
        name = name or self.defined_in_this_cell(frame)
        if name is None:
            return
        sys.setprofile(None)
        try:
            if event == "call":
                self.called(name, frame)
            elif id(frame) in self.open:
                self.returned(name, frame, arg)
        finally:
            sys.setprofile(self.event)

    def defined_in_this_cell(self, frame):
        """The name of a function that came to be after the cell began."""
        name = frame.f_code.co_name
        function = self.namespace.get(name)
        return name if isinstance(function, types.FunctionType) and function.__code__ is frame.f_code else None

    def called(self, name, frame) -> None:
        code = frame.f_code
        generator = code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR)
        starred = code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS)
        if generator or starred or self.open or len(self.calls.get(name, ())) >= MOST:
            return
        local = frame.f_locals
        arguments = {one: local[one] for one in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]}
        outside = {
            one: self.namespace[one]
            for one in code.co_names
            if one in self.namespace
            and not isinstance(self.namespace[one], (types.ModuleType, types.FunctionType, type))
        }
        numpy = sys.modules.get("numpy")
        state = (random.getstate(), numpy.random.get_state() if numpy else None)
        try:
            packed = pickle.dumps((arguments, state))
        except Exception:  # noqa: BLE001 - what can't be pickled can't be sent to the package
            return
        if b"__main__" in packed or len(packed) > LARGEST:
            return
        self.open[id(frame)] = {"packed": packed, "outside": _picklable(outside)}

    def returned(self, name, frame, value) -> None:
        call = self.open.pop(id(frame))
        if value is not None:
            self.calls.setdefault(name, []).append({**call, "gave": self.describe(value)})

    def write(self, path: str) -> None:
        """Stop, and write the calls that give the same again, pickled."""
        sys.setprofile(None)
        steady = {name: [call for call in made if self.gives_again(name, call)] for name, made in self.calls.items()}
        with open(path, "wb") as file:  # noqa: PTH123
            pickle.dump({name: made for name, made in steady.items() if made}, file)

    def gives_again(self, name, call) -> bool:
        try:
            arguments, (python_state, numpy_state) = pickle.loads(call["packed"])
            random.setstate(python_state)
            if numpy_state is not None:
                sys.modules["numpy"].random.set_state(numpy_state)
            function = self.namespace[name]
            positional = [arguments.pop(one) for one in self.positional_only(function) if one in arguments]
            with contextlib.redirect_stdout(io.StringIO()):
                return repr(self.describe(function(*positional, **arguments))) == repr(call["gave"])
        except Exception:  # noqa: BLE001 - then it can't be made again
            return False

    def positional_only(self, function):
        code = function.__code__
        return code.co_varnames[: code.co_posonlyargcount]


def _picklable(values: dict) -> dict[str, bytes]:
    found = {}
    for name, value in values.items():
        try:
            packed = pickle.dumps(value)
        except Exception:  # noqa: BLE001 - the same
            continue
        if b"__main__" not in packed and len(packed) <= LARGEST:
            found[name] = packed
    return found
