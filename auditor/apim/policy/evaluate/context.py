"""What hangs on ``context``, and members of the values it leads to.

Source: "API Management policy expressions", the context variable; .NET, ``X509Certificate2``.
"""

from __future__ import annotations

import re
from typing import Final

from auditor.apim.policy.evaluate.compare import equal
from auditor.apim.policy.evaluate.frame import HEADER, Frame, Remark
from auditor.apim.policy.states import Prop
from auditor.apim.policy.values import (
    NULL,
    TRUE,
    Bool,
    By,
    Certificate,
    Entry,
    Moment,
    Now,
    Null,
    Number,
    Property,
    Sequence,
    Symbol,
    Text,
    Thing,
    Thrown,
    TypeName,
    Uploaded,
    UploadedProperty,
    Value,
    mixed,
    show,
)

HEADERS: Final = "context.Request.Headers"
VARIABLES: Final = "context.Variables"
LAST_ERROR: Final = "context.LastError"
_THINGS: Final = frozenset(
    {"context", "context.Request", HEADERS, VARIABLES, "context.Deployment", "context.Deployment.Gateway"}
)
_CONFIGURED: Final = ("Api", "Operation", "Product", "Subscription", "User", "Deployment", "Workspace")
_NOW: Final = frozenset({"DateTime.Now", "DateTime.UtcNow", "DateTime.Today", "DateTimeOffset.Now"}) | {
    "DateTimeOffset.UtcNow"
}
_CERTIFICATE_HEADER: Final = re.compile(
    r"client-?_?cert|clientcert|ssl-?_?client|x-ssl|x-arr|cert(ificate)?-?_?(thumb|subject|issuer|verif|chain|pem)|"
    r"forwarded-client|x-cert|tls-client|mtls|thumbprint",
    re.IGNORECASE,
)
KEYED: Final = Symbol(By.UNDOCUMENTED, "context.Deployment.Certificates is keyed by thumbprint")
"""Production code relies on it; the documentation only iterates over the values."""
PROPERTIES: Final = {
    "Thumbprint": Prop.THUMBPRINT,
    "Issuer": Prop.ISSUER,
    "Subject": Prop.SUBJECT,
    "SerialNumber": Prop.SERIAL,
    "FriendlyName": Prop.SUBJECT,
    "RawData": Prop.KEY,
}
_NAMES: Final = {"IssuerName": Prop.ISSUER, "SubjectName": Prop.SUBJECT}


def is_certificate_header(header: str) -> bool:
    """Whether a header's name says that it carries a client's certificate or a part of it."""
    return _CERTIFICATE_HEADER.search(header) is not None


def name(frame: Frame, text: str) -> Value:
    """What an identifier stands for that is no local variable."""
    return Thing("context") if text == "context" else frame.bound(text) or TypeName(text)


def member(frame: Frame, of: Value, text: str) -> Value:
    """``of.text``.

    Raises:
        Thrown: ``of`` is null.
    """
    match of:
        case Null():
            raise Thrown
        case Thing(path):
            return _of_context(frame, f"{path}.{text}")
        case TypeName(path):
            return Now() if f"{path}.{text}".removeprefix("System.") in _NOW else _static(f"{path}.{text}")
        case Certificate():
            return _of_certificate(of, text)
        case Uploaded(own):
            return _of_uploaded(own, text)
        case Property() | UploadedProperty():
            return _of_property(of, text)
        case Moment():
            return of if text in {"Date", "Value"} else mixed(f"{show(of)}.{text}", of)
        case Now():
            return of if text in {"Date", "Value"} else Symbol(By.OUTSIDE, f"the present moment's {text}")
        case Entry(key, value):
            return key if text in {"Key", "Item1"} else value
        case Sequence(items):
            return _of_sequence(of, items, text)
        case Text(value) if text == "Length":
            return Number(len(value))
        case Bool() | Text() | Number() if text in {"Value", "HasValue"}:
            return of if text == "Value" else TRUE
        case Symbol():
            return frame.bound(f"{of.text}.{text}") or _of_symbol(of, text)
        case _:
            return mixed(f"{show(of)}.{text}", of)


def _static(path: str) -> Value:
    short = path.rpartition(".")[2]
    if path.removeprefix("System.") in {"string.Empty", "String.Empty"}:
        return Text("")
    return TypeName(path) if short[:1].isupper() else Symbol(By.OPAQUE, path)


def _of_symbol(of: Symbol, text: str) -> Value:
    made = mixed(f"{show(of)}.{text}", of)
    if text in {"Password", "UserId", "Username"} and "AsBasic" in of.text:
        return Symbol(made.by, made.text, made.certificate, made.header, credential=True)
    return made


def _of_context(frame: Frame, path: str) -> Value:
    bound = frame.bound(path)
    if bound is not None:
        return bound
    if path in _THINGS:
        return Thing(path)
    if path == "context.Request.Certificate":
        return Certificate() if frame.state.presented else NULL
    if path == "context.Deployment.Certificates":
        own = (Entry(Property(Prop.THUMBPRINT), Uploaded(own=True)),) if frame.state.uploaded else ()
        other = Entry(UploadedProperty(own=False, prop=Prop.THUMBPRINT), Uploaded(own=False))
        return Sequence((*own, other), uploaded=True)
    if path in {"context.Response", LAST_ERROR}:
        return frame.variables.get(path, NULL)
    if path == "context.Timestamp":
        return Now()
    first = path.split(".")[1]
    if first == "Request":
        return Symbol(By.CALLER, path)
    parent = path.rpartition(".")[0]
    if isinstance(frame.bound(parent), Null):
        raise Thrown
    return Symbol(By.CONFIG if first in _CONFIGURED else By.OUTSIDE, path)


def _of_certificate(of: Certificate, text: str) -> Value:
    if of.header:
        return Symbol(By.CALLER, f"{of.text}.{text}", header=True)
    if text in PROPERTIES:
        return Property(PROPERTIES[text])
    if text in _NAMES:
        return Property(_NAMES[text])
    if text in {"NotAfter", "NotBefore"}:
        return Moment(end=text == "NotAfter")
    if text in {"PublicKey"}:
        return Property(Prop.KEY, part=True)
    if text == "HasPrivateKey":
        return Bool(False)
    return mixed(f"{of.text}.{text}", of)


def _of_uploaded(own: bool, text: str) -> Value:
    prop = PROPERTIES.get(text) or _NAMES.get(text)
    if prop is not None:
        return UploadedProperty(own, prop)
    return mixed(f"an uploaded certificate's {text}", Uploaded(own))


def _of_property(of: Property | UploadedProperty, text: str) -> Value:
    if text == "Length" or text == "Count":
        return mixed(f"length of {show(of)}", of)
    if text == "Success":
        return mixed(f"a match of {show(of)}", of)
    # SubjectName.Name, a match's Groups[1].Value, PublicKey.Key: still text out of the certificate.
    return of


def _of_sequence(of: Sequence, items: tuple[Value, ...], text: str) -> Value:
    if text in {"Count", "Length"}:
        return Number(len(items))
    if text in {"Keys", "Values"}:
        parts = [
            each if not isinstance(each, Entry) else each.key if text == "Keys" else each.value
            for each in items
        ]
        return Sequence(tuple(parts), of.uploaded)
    for item in items:
        if isinstance(item, Entry) and item.key == Text(text):
            return item.value
    number = int(text[4:]) - 1 if text.startswith("Item") and text[4:].isdecimal() else -1
    return items[number] if 0 <= number < len(items) else mixed(f"{show(of)}.{text}", of)


def index(frame: Frame, of: Value, arguments: list[Value]) -> Value:
    """``of[arguments]``.

    Raises:
        Thrown: There is no such item.
    """
    wanted = arguments[0] if arguments else NULL
    match of:
        case Thing(path) if path == VARIABLES:
            return variable(frame, wanted)
        case Thing(path) if path == HEADERS:
            return header(frame, wanted)
        case Sequence(items):
            return _at(frame, of, items, wanted)
        case Property() | UploadedProperty():
            return of if not isinstance(of, Property) else Property(of.prop, of.case, part=True)
        case Null():
            raise Thrown
        case Text(value) if isinstance(wanted, Number):
            position = int(wanted.value)
            if not 0 <= position < len(value):
                raise Thrown
            return Text(value[position])
        case _:
            return mixed(f"{show(of)}[{', '.join(map(show, arguments))}]", of, *arguments)


def _at(frame: Frame, of: Sequence, items: tuple[Value, ...], wanted: Value) -> Value:
    if isinstance(wanted, Number):
        position = int(wanted.value)
        if 0 <= position < len(items):
            return items[position]
        if any(isinstance(item, Property) for item in items):
            # The text was cut into parts, of which one stands for all.
            return items[0]
        raise Thrown
    if of.uploaded and not frame.truth(KEYED):
        raise Thrown
    for item in items:
        if isinstance(item, Entry) and frame.truth(equal(frame, item.key, wanted)):
            return item.value
    if any(isinstance(item, Entry) for item in items):
        raise Thrown
    return mixed(f"{show(of)}[{show(wanted)}]", of, wanted)


def header(frame: Frame, wanted: Value) -> Value:
    """A request header as the policies before have left it; null where they removed it."""
    text = wanted.value if isinstance(wanted, Text) else show(wanted)
    set_before = frame.variables.get(HEADER + text.casefold())
    if set_before is not None:
        return set_before
    about_certificate = is_certificate_header(text)
    if about_certificate:
        frame.remarks.add(Remark.HEADER_CERTIFICATE, f"request header {text}")
    return Symbol(By.CALLER, f"{HEADERS}[{text}]", header=about_certificate)


def variable(frame: Frame, wanted: Value, default: Value | None = None) -> Value:
    """A policy variable; without a default, reading one that nothing wrote throws."""
    text = wanted.value if isinstance(wanted, Text) else None
    if text is not None and text in frame.variables:
        return frame.variables[text]
    if text is None or not frame.closed:
        return Symbol(By.OPAQUE if text is None else By.UNREAD, f"variable {show(wanted)}", certificate=True)
    if text not in frame.written:
        frame.remarks.add(Remark.DEAD_VARIABLE, f"variable {text!r} is read and nothing writes it")
    if default is None:
        raise Thrown
    return default
