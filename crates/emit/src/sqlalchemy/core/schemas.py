"""What crosses the border: the base of the Pydantic models, and the types of their fields."""

from __future__ import annotations

import base64
import math
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AliasPath,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    SecretStr,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    ValidationError,
    model_serializer,
)
from pydantic_core import to_jsonable_python

from .types import normal_email


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _writable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("a text holds no NUL")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("half a letter cannot be written")
    return value


def _writable_json(value: JsonValue) -> JsonValue:
    rest: list[JsonValue] = [value]
    while rest:
        match rest.pop():
            case str() as text:
                _writable(text)
            case float() as number if not math.isfinite(number):
                raise ValueError("JSON has no such number")
            case list() as items:
                rest += items
            case dict() as pairs:
                rest += (*pairs, *pairs.values())
    return value


def inside(kind: Any) -> AfterValidator:
    """Of a `SecretStr`: what it hides keeps the rules of another type."""
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def check(value: SecretStr) -> SecretStr:
        try:
            return SecretStr(adapter.validate_python(value.get_secret_value()))
        except ValidationError as error:
            broken = error.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
        raise ValueError(broken)

    return AfterValidator(check)


def _exact(value: Any) -> Any:
    if isinstance(value, float):  # a ValueError, which Pydantic makes a finding of
        raise ValueError("an exact number is written as a text or a whole number")  # noqa: TRY004
    return value


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("may be left out, but not emptied")
    return value


def _from_base64(value: Any) -> Any:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value


def _to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


T = TypeVar("T")

#: A field that a change may leave out, and that is never empty.
Given = Annotated[T | None, BeforeValidator(_given)]
#: A text without blanks at its ends: lengths and patterns are those of what is left.
Text = Annotated[str, BeforeValidator(_trimmed), AfterValidator(_writable)]
#: An address in the form in which it is kept.
Email = Annotated[Text, AfterValidator(normal_email), Field(max_length=254, pattern=r"^[^@ ]+@[^@ ]+$")]
#: E.164: a plus and up to 15 digits.
Phone = Annotated[Text, Field(pattern=r"^\+[1-9][0-9]{1,14}$")]
Url = Annotated[Text, Field(max_length=2048, pattern=r"^https?://")]
#: An encoded hash in the PHC form, never a password.
PasswordHash = Annotated[SecretStr, inside(Annotated[Text, Field(max_length=512, pattern=r"^\$[a-z0-9-]+\$.*$")])]
#: JSON that every database takes: no NUL, no half letters, no numbers that are none.
Json = Annotated[JsonValue, AfterValidator(_writable_json)]
Money = Annotated[Decimal, BeforeValidator(_exact), Field(max_digits=18, decimal_places=4)]
Instant = AwareDatetime
Int = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
#: As text in JSON: a number of JavaScript loses digits beyond 2^53.
BigInt = Annotated[int, Field(ge=-(2**63), le=2**63 - 1), PlainSerializer(str, when_used="json")]


#: An exact number: as many digits as the field says.
Number = Annotated[Decimal, BeforeValidator(_exact)]
#: Bytes; base64 in JSON.
Bytes = Annotated[bytes, BeforeValidator(_from_base64), PlainSerializer(_to_base64, when_used="json")]


class Shape(BaseModel):
    """A JSON value of a declared form."""

    model_config = ConfigDict(
        from_attributes=True,
        hide_input_in_errors=True,
        validate_by_alias=True,
        validate_by_name=True,
        serialize_by_alias=True,
    )

    @model_serializer(mode="wrap")
    def _plain(self, handler: SerializerFunctionWrapHandler) -> Any:
        return to_jsonable_python(handler(self))


class Read(BaseModel):
    """What is shown of a row."""

    model_config = ConfigDict(from_attributes=True, frozen=True, hide_input_in_errors=True, serialize_by_alias=True)


class Write(BaseModel):
    """What is sent. Fields that nobody declared are refused, and errors do not repeat what was sent."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, validate_by_alias=True, validate_by_name=True)


def public_id() -> Any:
    """The row itself, by what the outside calls it."""
    return Field(validation_alias="public_id")


def reference(name: str, *, optional: bool = False, shown: str | None = None) -> Any:
    """Another row, by what the outside calls it."""
    path = AliasPath(name, "public_id")
    if optional:
        return Field(validation_alias=path, serialization_alias=shown, default=None)
    return Field(validation_alias=path, serialization_alias=shown)
