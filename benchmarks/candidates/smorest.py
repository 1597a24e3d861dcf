"""flask-smorest, marshmallow and the ORM, as their documentation shows them."""

import os
import uuid

import marshmallow as ma
import sqlalchemy as sa
from flask import Flask
from flask.views import MethodView
from flask_jwt_extended import JWTManager, current_user, jwt_required
from flask_smorest import Api, Blueprint, abort
from marshmallow import fields, validate
from sqlalchemy import orm

from benchmarks.candidates import models
from benchmarks.candidates.models import Goal, Period, Result
from benchmarks.candidates.shapes import ResultSchema, Schema

app = Flask(__name__)
app.config.update(
    API_TITLE="LAMPPU",
    API_VERSION="v1",
    OPENAPI_VERSION="3.1.0",
    JWT_ALGORITHM="EdDSA",
    JWT_PUBLIC_KEY=os.environ["JWT_PUBLIC_KEY"],
    JWT_DECODE_ISSUER=os.environ["JWT_ISSUER"],
    JWT_DECODE_AUDIENCE="lamppu",
)
engine = sa.create_engine(models.URL.replace("postgresql:", "postgresql+psycopg:"))
models.tuned(engine)
session = orm.scoped_session(orm.sessionmaker(engine, expire_on_commit=False))
jwt = JWTManager(app)


@app.teardown_appcontext
def close(_: BaseException | None) -> None:
    session.remove()


@jwt.user_lookup_loader
def signed_in(_: dict[str, str], claims: dict[str, str]) -> models.User | None:
    return session.scalar(models.signed_in(claims["sub"], claims["sid"]))


class GoalSchema(Schema):
    project_goal_id = fields.UUID()
    position = fields.Integer()
    text = fields.String()
    results = fields.List(fields.Nested(ResultSchema))


class PageSchema(ma.Schema):
    items = fields.List(fields.Nested(ResultSchema))
    next = fields.UUID(allow_none=True)


class PageQuery(ma.Schema):
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 500))
    cursor = fields.UUID(load_default=None)


class GoalQuery(ma.Schema):
    expand = fields.String(validate=validate.Equal("results"))


blp = Blueprint("records", __name__, url_prefix="/api/v1")


@blp.route("/results")
class Results(MethodView):
    @jwt_required()
    @blp.arguments(PageQuery, location="query")
    @blp.response(200, PageSchema)
    def get(self, query):
        limit = query["limit"]
        found = session.scalars(models.page(current_user.provider_id, query["cursor"], limit)).all()
        return {"items": found[:limit], "next": found[limit - 1].id if len(found) > limit else None}

    @jwt_required()
    @blp.arguments(ResultSchema)
    @blp.response(201, ResultSchema)
    def post(self, data):
        goal = session.get(Goal, (current_user.provider_id, data["goal_id"]))
        if goal is None or session.get(Period, data["period_id"]) is None:
            abort(422, message="No such goal or period.")
        result = Result(provider_id=goal.provider_id, sub_project_id=goal.sub_project_id, **data)
        session.add(result)
        session.commit()
        return result


@blp.route("/goals/<uuid:key>")
class Goals(MethodView):
    @jwt_required()
    @blp.arguments(GoalQuery, location="query")
    @blp.response(200, GoalSchema)
    def get(self, query, key: uuid.UUID):
        whole = [orm.selectinload(Goal.results)]
        goal = session.get(Goal, (current_user.provider_id, key), options=whole)
        return goal or abort(404)


Api(app).register_blueprint(blp)
