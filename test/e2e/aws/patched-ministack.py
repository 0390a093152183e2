"""Runs MiniStack 1.5.33 in the foreground, mended where it differs from AWS in what the end-to-end test looks at.

Configured by environment variables as MiniStack itself (see ministack.ts). Ends when its standard input does, so that
it does not outlive the test, however the test ends.
"""

import json
import os
import signal
import sys
import threading
import time
from datetime import datetime, timezone

from ministack import app as gateway
from ministack.core import iam_actions
from ministack.services import apigateway, eventbridge, lambda_svc, scheduler

# Scheduler invokes its targets within so many seconds of the time that was asked for.
SCHEDULER_PRECISION = 60


def end_with_standard_input():
    def wait():
        while sys.stdin.buffer.read(4096):
            pass
        # Lets MiniStack end its Lambda functions.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def take_loopback_for_tls():
    """AWS is spoken to over TLS, and queue policies insist on it (aws:SecureTransport); here loopback stands for it."""
    pin_request_origin = gateway.pin_request_origin
    gateway.pin_request_origin = lambda source_ip, _secure: pin_request_origin(source_ip, True)


def name_schedules_with_their_group():
    """IAM knows a schedule as schedule/GROUP/NAME; MiniStack takes every schedule for one of the group `default`."""
    extract_resource_arn = iam_actions.extract_resource_arn

    def extract(service, method, path, headers, body, query_params, region, account_id):
        resource = extract_resource_arn(service, method, path, headers, body, query_params, region, account_id)
        if service != "scheduler" or ":schedule/default/" not in resource:
            return resource
        if method in ("POST", "PUT"):
            group = json.loads(body or b"{}").get("GroupName")
        else:
            group = query_params.get("groupName")
        if isinstance(group, list):
            group = group[0]
        return resource.replace(":schedule/default/", f":schedule/{group or 'default'}/")

    iam_actions.extract_resource_arn = extract


def tell_leading_keys():
    """A policy can hold a role to partitions of a table (dynamodb:LeadingKeys); MiniStack does not tell IAM what a request
    names. All partitions of a transaction are told for each of its parts: the narrower of what AWS may do."""
    context_of = iam_actions.dynamodb_service_context

    def partitions(value):
        if isinstance(value, list):
            return [each for part in value for each in partitions(part)]
        if not isinstance(value, dict):
            return []
        own = [value[":pk"]["S"]] if isinstance(value.get(":pk"), dict) else []
        for name, inside in value.items():
            if name in ("Key", "Item"):
                own.append(inside["pk"]["S"])
            elif name == "Keys":
                own.extend(key["pk"]["S"] for key in inside)
            else:
                own.extend(partitions(inside))
        return own

    def context_with_keys(body):
        keys = partitions(json.loads(body or b"{}"))
        return {**context_of(body), **({"dynamodb:LeadingKeys": keys} if keys else {})}

    iam_actions.dynamodb_service_context = context_with_keys


def filter_on_what_is_absent():
    """`exists: false` holds for a leaf whose branch is absent, too; MiniStack wants the branch. The filter of the
    stream to the publisher asks for records that have no mark."""
    match = lambda_svc._match_esm_filter

    def match_filled(record, pattern):
        branches = {key: {} for key, wanted in pattern.items() if isinstance(wanted, dict)}
        return match({**branches, **record}, pattern)

    lambda_svc._match_esm_filter = match_filled


def invoke_targets_asynchronously():
    """What a rule or a schedule starts is tried again and ends in the function's on-failure queue, as its settings say
    (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html); MiniStack has that for other callers only.
    It also puts into the output what the function said."""

    def dispatch(arn, payload):
        function, settings, _name = lambda_svc._get_func_record_for_ref(arn)
        if function and settings:
            record = lambda_svc._execution_record_for_config(function, settings)
            lambda_svc.invoke_async_with_retry(record, json.loads(payload))

    eventbridge._dispatch_to_lambda = dispatch


def send_options_to_their_route():
    """A route that takes OPTIONS gets them where CORS is configured, too, and `$default` takes them; then the gateway puts
    its own CORS headers in the place of what the function said
    (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html). MiniStack answers OPTIONS by itself,
    leaves the function's headers beside its own, and does not know the settings by the names that a template gives them."""
    execute = apigateway._handle_execute_in_scope
    invoke = apigateway._invoke_lambda_proxy

    def cors_of(api_id):
        api = apigateway._apis.get(api_id) or {}
        settings = api.get("corsConfiguration") or {}
        settings = {name[0].lower() + name[1:]: value for name, value in settings.items()}
        if settings:
            api["corsConfiguration"] = settings
        return settings

    async def invoke_without_cors(integration, api_id, *rest, **named):
        status, headers, body = await invoke(integration, api_id, *rest, **named)
        if cors_of(api_id):
            headers = {name: value for name, value in headers.items() if not name.lower().startswith("access-control-")}
        return status, headers, body

    async def execute_options(
        api_id, stage, path, method, headers, body, query_params, account_id, region, raw_query_string=None
    ):
        cors = cors_of(api_id)
        route = apigateway._match_route(api_id, method, path) if method == "OPTIONS" else None
        if route is None:
            return await execute(
                api_id, stage, path, method, headers, body, query_params, account_id, region, raw_query_string
            )
        integration = apigateway._integrations[api_id][route["target"].split("/")[-1]]
        lowered = {name.lower(): value for name, value in headers.items()}
        status, answered, content = await apigateway._invoke_lambda_proxy(
            integration,
            api_id,
            stage,
            path,
            method,
            lowered,
            body,
            query_params,
            route["routeKey"],
            owner_account_id=account_id,
            owner_region=region,
            raw_query_string=raw_query_string,
        )
        own = apigateway._cors_response_headers(cors, lowered.get("origin", ""))
        if own and "access-control-request-method" in lowered:
            _status, own, _body = apigateway._cors_preflight_response(cors, lowered["origin"])
            own.pop("Content-Length")
        return status, {**answered, **own}, content

    apigateway._invoke_lambda_proxy = invoke_without_cors
    apigateway._handle_execute_in_scope = execute_options


class Beat:
    """When a rate fires next. `identity` is what of the schedule decides about that."""

    def __init__(self, identity, due):
        self.identity = identity
        self.due = due


class SchedulerLikeAws:
    """Three things that MiniStack lacks: a rate that fires first at its StartDate and then at exact multiples
    (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html: at once without a StartDate), the
    <aws.scheduler.…> words in a target's input
    (https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html), and a look at
    the schedules oftener than each 10 seconds.
    """

    def __init__(self):
        self.beats = {}
        self.due_of = {}
        self.sweep = scheduler._tick_schedules
        self.invoke = eventbridge._invoke_target

    def install(self):
        scheduler._SCHEDULE_TICK_INTERVAL = 0.5
        scheduler._tick_schedules = self.tick
        eventbridge._invoke_target = self.invoke_target

    def tick(self):
        now = time.time()
        live = dict(scheduler._schedules._data.items())
        for key in [key for key in self.beats if key not in live]:
            del self.beats[key]
        for key in [key for key in scheduler._schedule_last_fired if key not in live]:
            del scheduler._schedule_last_fired[key]
        for key, schedule in live.items():
            self.decide(key, schedule, now)
        self.sweep()

    def decide(self, key, schedule, now):
        """Tells MiniStack's own sweep, by when it last fired a rate, whether that is due: long ago, or just now."""
        expression = schedule.get("ScheduleExpression", "")
        period = eventbridge._parse_rate_seconds(expression)
        if period is None:
            return
        start = scheduler._to_epoch(schedule.get("StartDate"))
        identity = (schedule.get("CreationDate"), expression, start)
        beat = self.beats.get(key)
        if beat is None or beat.identity != identity:
            changed = schedule.get("LastModificationDate") or now
            first = start or changed
            missed = max(0, -(-(changed - SCHEDULER_PRECISION - first) // period))
            beat = self.beats[key] = Beat(identity, first + missed * period)
        is_due = beat.due <= now
        if is_due:
            self.due_of[schedule.get("Arn")] = beat.due
            beat.due += ((now - beat.due) // period + 1) * period
        scheduler._schedule_last_fired[key] = 0 if is_due else now

    def invoke_target(self, target, event, rule, view=None):
        if event.get("Source") == "aws.scheduler" and target.get("Input"):
            arn = rule.get("Arn", "")
            due = self.due_of.pop(arn, event["Time"] // 60 * 60)
            words = {
                "scheduled-time": datetime.fromtimestamp(due, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "execution-id": event["EventId"],
                "schedule-arn": arn,
                "attempt-number": "1",
            }
            given = target["Input"]
            for word, meaning in words.items():
                given = given.replace(f"<aws.scheduler.{word}>", meaning)
            target = {**target, "Input": given}
        return self.invoke(target, event, rule, view)


end_with_standard_input()
take_loopback_for_tls()
name_schedules_with_their_group()
tell_leading_keys()
filter_on_what_is_absent()
invoke_targets_asynchronously()
send_options_to_their_route()
SchedulerLikeAws().install()
gateway.main()
