"""Who may do what: the policy table. What no row of it allows is denied."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Reach(StrEnum):
    """Which rows a right covers, the widest first."""

    EVERY = "every row"
    OWN_AND_COORDINATED = "the caller's own provider, and projects that it coordinates"
    OWN = "the rows of the caller's own provider"
    MINISTRYS = "the ministry's own rows"
    TAKES_PART = "the rows of projects in which the caller's provider takes part"
    COORDINATES = "the rows of projects that the caller's provider coordinates"


EVERY, OWN_AND_COORDINATED, OWN, MINISTRYS, TAKES_PART, COORDINATES = Reach
Right = Mapping[str, Reach]
Policy = Mapping[str, Right]

PEOPLE: Right = MappingProxyType(
    dict.fromkeys(("viewer", "editor", "manager", "reviewer", "admin"), EVERY)
)
SIGNED_IN: Right = MappingProxyType(
    {**PEOPLE, **dict.fromkeys(("a provider's client", "the ministry's client"), EVERY)}
)


def _policy(read: Right, write: Right, **others: Right) -> Policy:
    return MappingProxyType(
        {"read": read, "create": write, "update": write, "delete": write} | others
    )


_PLAN_READ: Right = {
    "viewer": TAKES_PART,
    "editor": TAKES_PART,
    "manager": TAKES_PART,
    "reviewer": EVERY,
    "a provider's client with plan:read": TAKES_PART,
    "the ministry's client with plan:read": EVERY,
}
_MINISTRY_WRITES: Right = {"reviewer": EVERY, "the ministry's client with plan:write": EVERY}
_COORDINATOR_WRITES: Right = {
    **_MINISTRY_WRITES,
    "manager": COORDINATES,
    "a provider's client with plan:write": COORDINATES,
}
_RECORD_READ: Right = {
    "viewer": OWN,
    "editor": OWN,
    "manager": OWN,
    "reviewer": EVERY,
    "a provider's client with records:read": OWN,
    "the ministry's client with records:read": EVERY,
}
_RECORD_WRITE: Right = {
    "editor": OWN,
    "manager": OWN,
    "a provider's client with records:write": OWN,
}

# Whoever may read some of the rows that it tells of; of the others it tells him nothing.
_FOLLOW: Right = {
    "viewer": OWN,
    "editor": OWN,
    "manager": OWN,
    "reviewer": EVERY,
    "admin": EVERY,
    "a provider's client with plan:read": OWN,
    "a provider's client with records:read": OWN,
    "the ministry's client with plan:read": EVERY,
    "the ministry's client with records:read": EVERY,
}

# How far everybody's reports have come, in numbers.
_OVERSIGHT: Right = {
    "viewer": COORDINATES,
    "editor": COORDINATES,
    "manager": COORDINATES,
    "reviewer": EVERY,
    "a provider's client with records:read": COORDINATES,
    "the ministry's client with records:read": EVERY,
}
_MINISTRY_OVERSEES: Right = {
    "reviewer": EVERY,
    "the ministry's client with records:read": EVERY,
}
PROGRAMME = _policy(
    _PLAN_READ,
    _MINISTRY_WRITES,
    oversee=_MINISTRY_OVERSEES,
)
# Joined, the accepted reports of a project are everybody's words, which nobody reads but the ministry.
PROJECT = _policy(
    _PLAN_READ,
    _MINISTRY_WRITES,
    update=_COORDINATOR_WRITES,
    oversee=_OVERSIGHT,
    join=_MINISTRY_OVERSEES,
)
PLAN = _policy(_PLAN_READ, _COORDINATOR_WRITES)
RECORD = _policy(_RECORD_READ, _RECORD_WRITE)
_SUBMITTER: Right = {"manager": OWN}
_REVIEWER: Right = {"reviewer": EVERY}
# Each step in a report's life; the reviewer's touch its state and nothing else of the record.
REPORT = _policy(
    _RECORD_READ,
    _RECORD_WRITE,
    **{"submit": _SUBMITTER, "withdraw": _SUBMITTER},
    **{"return": _REVIEWER, "accept": _REVIEWER, "reopen": _REVIEWER},
)
# What both sides say about a report; only people speak.
COMMENT = _policy(_RECORD_READ, {"editor": OWN, "manager": OWN, "reviewer": EVERY})
# Numbers and nobody's words: of a project the manager of its coordinator reads how far all have come.
OVERVIEW = _policy({**_RECORD_READ, "manager": OWN_AND_COORDINATED}, {})
CHANGES = _policy(_FOLLOW, {})
IMPORT = _policy(_RECORD_READ, {}, create=_RECORD_WRITE)
PROVIDER = _policy(SIGNED_IN, {"admin": EVERY})
ACCOUNT = _policy(*[{"manager": OWN, "admin": EVERY}] * 2)
# Not the operator's, who would have records sent to himself that he may not read.
WEBHOOK = _policy(*[{"manager": OWN, "reviewer": MINISTRYS}] * 2)
MYSELF = _policy(SIGNED_IN, {}, create=PEOPLE)  # only people have sign-ins and passwords
BATCH = _policy({}, {}, create=SIGNED_IN)  # each of its operations asks its own row
EXPORT = _policy({}, {})  # each of its routes asks the row of the resource whose rows it exports
OPEN = _policy({}, {})  # each of its routes says by name that it is open; the table adds nothing

# One row a resource.
POLICIES: Mapping[str, Policy] = MappingProxyType(
    {
        # the plan: shared
        "programmes": PROGRAMME,
        "projects": PROJECT,
        "periods": PLAN,
        "project_goals": PLAN,
        "project_indicators": PLAN,
        "project_meetings": PLAN,
        "participations": PLAN,
        "extensions": PLAN,
        # the record: each provider's own
        "sub_projects": RECORD,
        "contacts": RECORD,
        "goals": RECORD,
        "indicators": RECORD,
        "measurements": RECORD,
        "results": RECORD,
        "meetings": RECORD,
        "surveys": RECORD,
        "disseminations": RECORD,
        "feedback": RECORD,
        "deliverables": RECORD,
        # whole with its contact: the form names one, so that whoever reads a report reads that name, phone and email
        "reports": REPORT,
        "comments": COMMENT,
        "overviews": OVERVIEW,
        "imports": IMPORT,
        "jobs": IMPORT,
        "exports": EXPORT,
        "changes": CHANGES,
        "batch": BATCH,
        # the system
        "providers": PROVIDER,
        "users": ACCOUNT,
        "clients": ACCOUNT,
        "webhooks": WEBHOOK,
        "auth": MYSELF,
        "forms": OPEN,
        "docs": OPEN,
    }
)
# What has no rows of its own: there a right has no reach.
WITHOUT_ROWS = frozenset({"auth", "batch"})


@dataclass(frozen=True)
class Caller:
    """Who asks: a person with a role, or an API client with scopes.

    Without a provider it is the ministry's or the operator's.
    """

    id: uuid.UUID
    kind: str  # "user" or "client"
    name: str
    role: str | None
    scopes: frozenset[str]
    provider_id: uuid.UUID | None
    session_id: uuid.UUID | None = None

    @property
    def grounds(self) -> frozenset[str]:
        """The names under which the policy table may allow this caller something."""
        if self.kind == "user":
            return frozenset({self.role or ""})
        owner = "a provider's client" if self.provider_id else "the ministry's client"
        return frozenset({owner, *(f"{owner} with {scope}" for scope in self.scopes)})


def reach(caller: Caller, resource: str, action: str) -> Reach | None:
    """How far the caller's right to an action goes, at its widest; None when no row of the table allows it."""
    right = POLICIES.get(resource, {}).get(action, {})
    found = {right[ground] for ground in caller.grounds if ground in right}
    return next((widest for widest in Reach if widest in found), None)


def permissions(caller: Caller) -> dict[str, list[str]]:
    """Every resource with the actions that the caller may take on it."""
    allowed = {
        resource: [action for action in policy if reach(caller, resource, action)]
        for resource, policy in POLICIES.items()
    }
    return {resource: actions for resource, actions in allowed.items() if actions}
