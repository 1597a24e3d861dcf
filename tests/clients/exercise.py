"""What a script does with the generated client; run by test_python.py, which makes `lamppu_client` first."""

import os
from http import HTTPStatus
from uuid import UUID

from lamppu_client import AuthenticatedClient, Client
from lamppu_client.api.auth import get_me, log_in
from lamppu_client.api.goals import create_goal, delete_goal, get_goal, list_goals, patch_goal
from lamppu_client.models import (
    Goal,
    GoalExpand,
    GoalInput,
    GoalPage,
    GoalPatch,
    Login,
    Me,
    PermissionAction,
    Problem,
    Provider,
    Resource,
    SignIn,
    StaleProblem,
)

URL, EMAIL, PASSWORD = (os.environ[name] for name in ("LAMPPU", "EMAIL", "PASSWORD"))

# sign in
anyone = Client(base_url=URL)
refused = log_in.sync(client=anyone, body=Login(email=EMAIL, password="not this one"))
assert isinstance(refused, Problem)
assert refused.code == "wrong_credentials"
signed_in = log_in.sync(client=anyone, body=Login(email=EMAIL, password=PASSWORD))
assert isinstance(signed_in, SignIn)
api = AuthenticatedClient(base_url=URL, token=signed_in.access_token)
me = get_me.sync(client=api)
assert isinstance(me, Me)
assert (me.role, me.kind) == ("manager", "user")
goals_right = next(right for right in me.permissions if right.resource is Resource.GOALS)
assert PermissionAction.DELETE in goals_right.actions

# list, page by page
goals: list[Goal] = []
more = {}
while True:
    page = list_goals.sync(client=api, limit=2, **more)
    assert isinstance(page, GoalPage)
    goals += page.items
    if page.next_ is None:
        break
    more = {"cursor": page.next_}
assert len({goal.id for goal in goals}) == len(goals) == 6

# names that are asked for go as the document says
page = list_goals.sync(client=api, expand=[GoalExpand.PROVIDER, GoalExpand.RESULTS])
assert isinstance(page, GoalPage)
for goal in page.items:
    assert isinstance(goal.provider, Provider)
    assert isinstance(goal.results, list)

# create
body = GoalInput(sub_project_id=goals[0].sub_project_id, text="Every team hears its students.")
made = create_goal.sync_detailed(client=api, body=body)
assert made.status_code == HTTPStatus.CREATED
assert isinstance(made.parsed, Goal)
key, etag = made.parsed.id, made.headers["ETag"]
assert isinstance(key, UUID)

# change it, with its version
answer = GoalPatch(text="Every team hears its students, and answers them.")
changed = patch_goal.sync(key, client=api, body=answer, if_match=etag)
assert isinstance(changed, Goal)
assert changed.version == 2

# somebody was faster
late = GoalPatch(text="Too late.")
stale = patch_goal.sync(key, client=api, body=late, if_match=etag)
assert isinstance(stale, StaleProblem)
assert (stale.status, stale.code, stale.current_version) == (412, "stale", 2)
[difference] = stale.differences
assert (difference.pointer, difference.sent) == ("/text", "Too late.")
assert difference.current == changed.text

# what is not valid says where
wrong = create_goal.sync(client=api, body=GoalInput(sub_project_id=body.sub_project_id, text=""))
assert isinstance(wrong, Problem)
assert (wrong.code, wrong.errors[0].pointer) == ("invalid", "/text")

gone = delete_goal.sync_detailed(key, client=api, if_match='"2"')
assert gone.status_code == HTTPStatus.NO_CONTENT
missing = get_goal.sync(key, client=api)
assert isinstance(missing, Problem)
assert missing.code == "not_found"
print("done")
