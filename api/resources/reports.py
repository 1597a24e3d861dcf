"""Reports of a sub-project."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.reports import Report
from schemas import reports as schema

blp = Blueprint("reports", access="reports", url_prefix="/api/v1/reports", description=__doc__)
register(
    blp, Report, schema.Report, filters=("sub_project_id", "state", "provider_id", "external_id")
)
