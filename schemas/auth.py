"""Signing in: for people by password, for machines by client credentials."""

from enum import StrEnum

from marshmallow import EXCLUDE, fields

from schemas import vocabulary as v
from schemas.base import Schema
from schemas.fields import Choice, Entries, Part, Reference, References, Text, Whole
from schemas.users import password


class Resource(StrEnum):
    """What a right is to: the stem of a resource, `project_goals` for /api/v1/project-goals."""

    PROGRAMMES = "programmes"
    PROJECTS = "projects"
    PERIODS = "periods"
    PROJECT_GOALS = "project_goals"
    PROJECT_INDICATORS = "project_indicators"
    PROJECT_MEETINGS = "project_meetings"
    PARTICIPATIONS = "participations"
    EXTENSIONS = "extensions"
    SUB_PROJECTS = "sub_projects"
    CONTACTS = "contacts"
    GOALS = "goals"
    INDICATORS = "indicators"
    MEASUREMENTS = "measurements"
    RESULTS = "results"
    MEETINGS = "meetings"
    SURVEYS = "surveys"
    DISSEMINATIONS = "disseminations"
    FEEDBACK = "feedback"
    DELIVERABLES = "deliverables"
    REPORTS = "reports"
    COMMENTS = "comments"
    OVERVIEWS = "overviews"
    IMPORTS = "imports"
    JOBS = "jobs"
    EXPORTS = "exports"
    CHANGES = "changes"
    BATCH = "batch"
    PROVIDERS = "providers"
    USERS = "users"
    CLIENTS = "clients"
    WEBHOOKS = "webhooks"
    AUTH = "auth"
    FORMS = "forms"
    DOCS = "docs"


class PermissionAction(StrEnum):
    """PUT and PATCH are an update; `submit` and what follows are steps in the life of a report."""

    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    OVERSEE = "oversee"
    JOIN = "join"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    ACCEPT = "accept"
    REOPEN = "reopen"


class CallerKind(StrEnum):
    """A person, or an API client."""

    USER = "user"
    CLIENT = "client"


class TokenType(StrEnum):
    BEARER = "Bearer"


class Login(Schema):
    email = Text(v.EMAIL_LENGTH, required=True)
    password = Text(v.PASSWORD_MAX, required=True, load_only=True)


class AccessToken(Schema):
    """A bearer token (RFC 6750) and how many seconds it lives."""

    access_token = fields.String(dump_only=True)
    token_type = Choice(TokenType, dump_only=True)
    expires_in = Whole(1, v.COUNT_MAX, dump_only=True)
    scope = fields.String(dump_only=True, allow_none=True)


class SignIn(AccessToken):
    """The access token of a person, and what has to come back in X-CSRF-TOKEN together with the refresh cookie."""

    csrf_token = fields.String(dump_only=True)


class GrantType(StrEnum):
    """Another one is refused as `unsupported_grant_type`."""

    CLIENT_CREDENTIALS = "client_credentials"


class TokenRequest(Schema):
    """RFC 6749 §4.4.2; the client's name and secret come by Basic or in the body (§2.3.1)."""

    class Meta:
        unknown = EXCLUDE  # RFC 6749 §3.2: unrecognized request parameters are ignored

    # Not a Choice: another one is refused in OAuth's words. A form has no null.
    grant_type = Text(100, required=True, metadata={"words": GrantType})
    scope = Text(v.LINE_LENGTH, load_default=None, allow_none=False)
    client_id = Text(100, load_default=None, allow_none=False)
    client_secret = Text(200, load_default=None, allow_none=False, load_only=True)


class PasswordChange(Schema):
    current_password = Text(v.PASSWORD_MAX, required=True, load_only=True)
    new_password = password(required=True)


class Permission(Schema):
    """What the caller may do with one resource."""

    resource = Choice(Resource, dump_only=True)
    actions = Entries(Choice(PermissionAction), maximum=len(PermissionAction), dump_only=True)


class Me(Schema):
    """Who I am and what I may do: enough for an application to draw its menu."""

    id = Reference("users", dump_only=True)
    kind = Choice(CallerKind, dump_only=True)
    name = fields.String(dump_only=True)
    role = Choice(v.Role, dump_only=True, allow_none=True)
    scopes = Entries(Choice(v.Scope), maximum=len(v.Scope), dump_only=True)
    provider_id = Reference("providers", dump_only=True, allow_none=True)
    provider_name = fields.String(dump_only=True, allow_none=True)
    permissions = Entries(Part(Permission), maximum=len(Resource), dump_only=True)
    coordinates = References(
        "projects",
        dump_only=True,
        metadata={
            "description": "The projects whose plan a manager may write: the others only the ministry."
        },
    )


class PublicKey(Schema):
    """An Ed25519 key as a JWK (RFC 8037 §2)."""

    kid = fields.String(required=True)
    use = fields.String(required=True)
    alg = fields.String(required=True)
    crv = fields.String(required=True)
    kty = fields.String(required=True)
    x = fields.String(required=True)


class KeySet(Schema):
    keys = Entries(Part(PublicKey), dump_only=True)
