"""FlexOrch's Python client, as it is on PyPI, through all that it can do here. Prints what it found as JSON.

Reads STOCKTAKE_URL, FLEXORCH_API_KEY, and the bucket: S3_ENDPOINT (host:port, plain http), S3_BUCKET, S3_KEY_ID, S3_SECRET.
"""

import dataclasses
import json
import os
import tempfile
import time

from flexorch_sdk import FlexOrchClient
from flexorch_sdk.errors import FlexOrchError, JobFailedError

found = {}


def shown(value):
    if isinstance(value, list):
        return [shown(each) for each in value]
    return {
        field.name: getattr(value, field.name)
        for field in dataclasses.fields(value)
        if not field.name.startswith("_")
    }


def refused(call):
    try:
        call()
    except FlexOrchError as error:
        return [type(error).__name__, error.status_code, error.error_code, str(error)]
    return None


with FlexOrchClient(base_url=os.environ["STOCKTAKE_URL"] + "/v1") as client:
    connector = client.connectors.create(
        "Production S3",
        "s3",
        {
            "bucket": os.environ["S3_BUCKET"],
            "region": "eu-central-1",
            "endpoint": "http://" + os.environ["S3_ENDPOINT"],
            "path_style": "true",
            "access_key_id": os.environ["S3_KEY_ID"],
            "secret_access_key": os.environ["S3_SECRET"],
        },
    )
    found["connector"] = shown(connector)
    found["connectors"] = shown(client.connectors.list())
    found["test"] = shown(client.connectors.test(connector.id))

    # The first flow of its documentation: no schedule, and a document at the end
    jobs = client.process_from_s3(connector.id, ["in/b & c.pdf", "in/größe+1.pdf"], locale="de")
    found["jobs"] = shown([job.wait(timeout=30, poll_interval=0.1) for job in jobs])
    found["documents"] = shown(client.documents.list())
    found["document"] = shown(client.documents.get(jobs[0].document_id))
    found["reprocess"] = refused(client.documents.get(jobs[0].document_id).reprocess)
    [missing] = client.process_from_s3(str(connector.id), ["in/none.pdf"])
    try:
        missing.wait(timeout=30, poll_interval=0.1)
    except JobFailedError as error:
        found["missing"] = [error.job_id, error.failure_reason]
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        found["upload"] = refused(lambda: client.process(file.name))

    schedule = client.connectors.create_schedule(connector.id, "0 2 * * *", prefix_filter="in/")
    found["schedule"] = shown(schedule)
    # Its answer is lost on the way, and the client sends it again when the run has ended
    found["trigger"] = shown(client.connectors.trigger_schedule(connector.id, schedule.id))
    deadline = time.monotonic() + 30
    logs = client.connectors.schedule_logs(connector.id, schedule.id)
    while logs[0].status == "running" and time.monotonic() < deadline:
        time.sleep(0.1)
        logs = client.connectors.schedule_logs(connector.id, schedule.id)
    found["logs"] = shown(logs)
    found["catalogued"] = shown(client.documents.list())
    found["paged"] = [shown(client.documents.list(page=page, page_size=1))[0]["filename"] for page in (1, 2, 3)]

    hook = client.webhooks.register("https://hooks.example.com/", ["dataset.ready", "job.completed", "quota.warning"])
    found["webhook"] = shown(hook)
    found["usage"] = shown(client.usage.current())
    found["limits"] = shown(client.usage.rate_limits())

    # Each answer is lost on the way
    client.webhooks.delete(hook.id)
    client.connectors.delete_schedule(connector.id, schedule.id)
    client.connectors.delete(connector.id)
    found["left"] = [shown(client.webhooks.list()), shown(client.connectors.list()), shown(client.documents.list())]
    found["gone"] = refused(lambda: client.connectors.get(connector.id))
    found["never"] = refused(lambda: client.connectors.delete(99))

print(json.dumps(found))
