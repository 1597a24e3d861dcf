"""Django REST Framework, as its documentation shows it."""

import os
import uuid
from urllib.parse import urlsplit

import django
import jwt
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import path
from django.utils import timezone
from uuid_utils.compat import uuid7

URL = urlsplit(os.environ["DATABASE_URL"])
SQLITE = URL.scheme == "sqlite"
DATABASE = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": URL.path[1:],
    "HOST": URL.hostname,
    "PORT": URL.port,
    "USER": URL.username,
    "CONN_MAX_AGE": None,
}
if SQLITE:
    tuned = {"timeout": 10, "init_command": "PRAGMA synchronous = NORMAL"}
    DATABASE = {"ENGINE": "django.db.backends.sqlite3", "NAME": URL.path[1:], "OPTIONS": tuned}
    DATABASE["CONN_MAX_AGE"] = None
settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": DATABASE},
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

# What follows needs Django to be set up.
from django.db import models  # noqa: E402
from rest_framework import authentication, exceptions, generics, pagination, serializers  # noqa: E402


def key(**kwargs: object) -> models.Field:
    """Django would write a UUID without its hyphens into SQLite; the tables have them."""
    return models.CharField(max_length=36, **kwargs) if SQLITE else models.UUIDField(**kwargs)


def new_key() -> uuid.UUID | str:
    return str(uuid7()) if SQLITE else uuid7()


class User(models.Model):
    id = key(primary_key=True)
    provider_id = key()
    active = models.BooleanField()
    is_authenticated = True

    class Meta:
        managed, app_label, db_table = False, "records", "users"


class LoginSession(models.Model):
    id = key(primary_key=True)
    user = models.ForeignKey(User, models.CASCADE)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        managed, app_label, db_table = False, "records", "login_sessions"


class Period(models.Model):
    id = key(primary_key=True)

    class Meta:
        managed, app_label, db_table = False, "records", "periods"


class Row(models.Model):
    id = key(primary_key=True, default=new_key)
    provider_id = key()
    sub_project_id = key()
    external_id = models.CharField(max_length=200, null=True)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    position = models.IntegerField(default=1)

    class Meta:
        abstract = True


class Goal(Row):
    project_goal_id = key(null=True)
    text = models.TextField()

    class Meta:
        managed, app_label, db_table = False, "records", "goals"


class Result(Row):
    goal = models.ForeignKey(Goal, models.CASCADE, related_name="results")
    period = models.ForeignKey(Period, models.CASCADE)
    kind = models.CharField(max_length=40)
    progress = models.CharField(max_length=40, default="done")
    text = models.TextField(null=True)
    reason = models.TextField(null=True)

    class Meta:
        managed, app_label, db_table = False, "records", "results"


class Bearer(authentication.BaseAuthentication):
    def authenticate(self, request):
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = jwt.decode(
                token,
                os.environ["JWT_PUBLIC_KEY"],
                algorithms=["EdDSA"],
                audience="lamppu",
                issuer=os.environ["JWT_ISSUER"],
            )
        except jwt.InvalidTokenError as error:
            raise exceptions.AuthenticationFailed from error
        standing = LoginSession.objects.select_related("user").filter(
            id=claims["sid"],
            user_id=claims["sub"],
            user__active=True,
            revoked_at=None,
            expires_at__gt=timezone.now(),
        )
        if not (found := standing.first()):
            raise exceptions.AuthenticationFailed
        return found.user, token

    def authenticate_header(self, request):
        return "Bearer"


class ResultSerializer(serializers.ModelSerializer):
    goal_id = serializers.UUIDField()
    period_id = serializers.UUIDField()
    kind = serializers.ChoiceField(["activity", "outcome", "nothing_to_report", "not_applicable"])
    progress = serializers.ChoiceField(["planned", "ongoing", "done"], default="done")
    position = serializers.IntegerField(min_value=1, max_value=10_000, default=1)
    text = serializers.CharField(max_length=10_000, allow_null=True, default=None)
    reason = serializers.CharField(max_length=10_000, allow_null=True, default=None)
    external_id = serializers.CharField(max_length=200, allow_null=True, default=None)

    class Meta:
        model = Result
        fields = (
            *("id", "provider_id", "sub_project_id", "goal_id", "period_id", "kind", "progress"),
            *("position", "text", "reason", "external_id", "version", "created_at", "updated_at"),
        )
        read_only_fields = (
            *("id", "provider_id", "sub_project_id", "version", "created_at", "updated_at"),
        )

    def validate(self, data):
        if unknown := set(self.initial_data) - set(self.fields):
            raise serializers.ValidationError(dict.fromkeys(unknown, "No such field."))
        acts = data["kind"] in ("activity", "outcome")
        if (data["text"] is None) == acts or (data["reason"] is None) != acts:
            raise serializers.ValidationError("Text or reason, as the kind is.")
        provider_id = self.context["request"].user.provider_id
        goal = Goal.objects.filter(provider_id=provider_id, id=str(data["goal_id"])).first()
        if goal is None or not Period.objects.filter(id=str(data["period_id"])).exists():
            raise serializers.ValidationError("No such goal or period.")
        home = {"provider_id": goal.provider_id, "sub_project_id": goal.sub_project_id}
        ids = {"goal_id": goal.id, "period_id": str(data["period_id"])}
        return data | home | ids


class GoalSerializer(serializers.ModelSerializer):
    results = serializers.SerializerMethodField()

    class Meta:
        model = Goal
        fields = (
            *("id", "provider_id", "sub_project_id", "project_goal_id", "position", "text"),
            *("external_id", "version", "created_at", "updated_at", "results"),
        )

    def get_results(self, goal):
        found = goal.results.filter(provider_id=goal.provider_id).order_by("position", "id")
        return ResultSerializer(found, many=True).data


class Pages(pagination.CursorPagination):
    page_size, max_page_size, page_size_query_param, ordering = 50, 500, "limit", "id"

    def get_page_size(self, request):
        if int(request.query_params.get("limit", 50)) > self.max_page_size:
            raise exceptions.ValidationError({"limit": "Too many."})
        return super().get_page_size(request)

    def get_paginated_response(self, data):
        return generics.views.Response({"items": data, "next": self.get_next_link()})


class Results(generics.ListCreateAPIView):
    authentication_classes = [Bearer]
    serializer_class, pagination_class = ResultSerializer, Pages

    def get_queryset(self):
        return Result.objects.filter(provider_id=self.request.user.provider_id)


class Goals(generics.RetrieveAPIView):
    authentication_classes = [Bearer]
    serializer_class, lookup_field = GoalSerializer, "id"

    def get_queryset(self):
        return Goal.objects.filter(provider_id=self.request.user.provider_id)


urlpatterns = [
    path("api/v1/results", Results.as_view()),
    path("api/v1/goals/<uuid:id>", Goals.as_view()),
]
app = get_wsgi_application()
