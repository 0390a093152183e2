"""What a client of another make sees of a bucket: one question on standard input, the answer as lines of JSON."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError


def client_of(target):
    return boto3.client(
        "s3",
        endpoint_url=target["url"],
        region_name=target["region"],
        aws_access_key_id=target["accessKeyId"],
        aws_secret_access_key=target["secretAccessKey"],
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"max_attempts": 3},
        ),
    )


def say(answer):
    print(json.dumps(answer))


def list_all(s3, question):
    """By the tokens that the server itself gives, never from a key."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=question["bucket"], PaginationConfig={"PageSize": question["pageSize"]}
    )
    for page in pages:
        for row in page.get("Contents", []):
            say({"key": row["Key"], "size": row.get("Size"), "etag": row.get("ETag", "")})


def get_each(s3, question):
    for key in question["keys"]:
        try:
            answer = s3.get_object(Bucket=question["bucket"], Key=key)
            say({"key": key, "body": answer["Body"].read().decode("utf-8", "replace"), "etag": answer.get("ETag", "")})
        except ClientError as error:
            say({"key": key, "error": error.response.get("Error", {}).get("Code", "unknown")})
        except Exception as error:
            say({"key": key, "error": type(error).__name__})


question = json.load(sys.stdin)
{"list": list_all, "get": get_each}[question["ask"]](client_of(question["target"]), question)
