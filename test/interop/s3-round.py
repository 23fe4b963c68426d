"""A round of S3 by boto3 against the endpoint given: python3 s3-round.py URL ACCESS_KEY, the secret in S3_SECRET_KEY.

Each function is one subject; it prints `ok NAME`. An assertion that fails, or an error that nobody expected, ends the program.
"""
import base64
import hashlib
import io
import json
import os
import sys
import urllib.error
import urllib.request
import uuid

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

URL, ACCESS_KEY = sys.argv[1], sys.argv[2]
SECRET_KEY = os.environ["S3_SECRET_KEY"]
MIB = 1024 * 1024


def client(secret=SECRET_KEY, **options):
    options = {"s3": {"addressing_style": "path"}, "retries": {"max_attempts": 1}, **options}
    return boto3.client(
        "s3",
        endpoint_url=URL,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=secret,
        config=Config(**options),
    )


s3 = client(signature_version="s3v4")
nobody = client(signature_version=UNSIGNED)


def refused(code, call, *args, **given):
    """The call fails with this AWS code (or status, where there is no body)."""
    try:
        call(*args, **given)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"{found} instead of {code}: {error}"
        return error.response
    raise AssertionError(f"passed instead of {code}")


def body(**given):
    return s3.get_object(**given)["Body"].read()


def new_bucket(**given):
    name = f"py-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, **given)
    return name


def buckets():
    name = new_bucket()
    assert name in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    s3.head_bucket(Bucket=name)
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] in (None, "us-east-1")
    s3.put_object(Bucket=name, Key="a", Body=b"x")
    refused("BucketNotEmpty", s3.delete_bucket, Bucket=name)
    s3.delete_object(Bucket=name, Key="a")
    s3.delete_bucket(Bucket=name)
    refused("404", s3.head_bucket, Bucket=name)
    refused("NoSuchBucket", s3.list_objects_v2, Bucket=name)


def objects():
    name = new_bucket()
    content = os.urandom(200_000)
    put = s3.put_object(
        Bucket=name, Key="dir/a b+ü&<>", Body=content, ContentType="image/x", Metadata={"colour": "blue"},
        CacheControl="no-cache", ContentDisposition="inline", ContentLanguage="de",
    )
    assert put["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'
    got = s3.get_object(Bucket=name, Key="dir/a b+ü&<>")
    assert got["Body"].read() == content
    assert (got["ContentType"], got["Metadata"]) == ("image/x", {"colour": "blue"})
    assert (got["CacheControl"], got["ContentDisposition"], got["ContentLanguage"]) == ("no-cache", "inline", "de")
    head = s3.head_object(Bucket=name, Key="dir/a b+ü&<>")
    assert (head["ContentLength"], head["ETag"]) == (len(content), put["ETag"])
    assert body(Bucket=name, Key="dir/a b+ü&<>", Range="bytes=10-19") == content[10:20]
    assert body(Bucket=name, Key="dir/a b+ü&<>", Range="bytes=-7") == content[-7:]
    refused("InvalidRange", s3.get_object, Bucket=name, Key="dir/a b+ü&<>", Range="bytes=200000-")
    given = s3.get_object(Bucket=name, Key="dir/a b+ü&<>", ResponseContentType="text/plain")
    assert given["ContentType"] == "text/plain"
    refused("NoSuchKey", s3.get_object, Bucket=name, Key="none")
    refused("404", s3.head_object, Bucket=name, Key="none")
    s3.put_object(Bucket=name, Key="empty", Body=b"")
    assert body(Bucket=name, Key="empty") == b""
    refused("KeyTooLongError", s3.put_object, Bucket=name, Key="k" * 1025, Body=b"")


def keys():
    name = new_bucket()
    odd = ["/", "//", "a//b", "../x", "a/../b", "./y", "日本語", "😀", "per%25cent", "plus+plus", "q?x=1", "hash#x", " blank ", "a\tb"]
    for key in odd:
        s3.put_object(Bucket=name, Key=key, Body=key.encode())
    for key in odd:
        assert body(Bucket=name, Key=key) == key.encode(), key
    found = [one["Key"] for one in s3.list_objects_v2(Bucket=name)["Contents"]]
    assert found == sorted(odd, key=lambda key: key.encode()), found


def listings():
    name = new_bucket()
    for number in range(25):
        s3.put_object(Bucket=name, Key=f"d{number % 5}/k{number:02}", Body=b"x")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=name, PaginationConfig={"PageSize": 7}))
    assert [len(page["Contents"]) for page in pages] == [7, 7, 7, 4]
    tops = s3.list_objects_v2(Bucket=name, Delimiter="/")
    assert [one["Prefix"] for one in tops["CommonPrefixes"]] == [f"d{n}/" for n in range(5)]
    assert len(s3.list_objects(Bucket=name, Prefix="d1/", Delimiter="/")["Contents"]) == 5
    after = s3.list_objects_v2(Bucket=name, StartAfter="d4/k09")["Contents"]
    assert [one["Key"] for one in after] == ["d4/k14", "d4/k19", "d4/k24"]
    assert s3.list_objects_v2(Bucket=name, MaxKeys=0).get("Contents", []) == []
    refused("InvalidArgument", s3.list_objects_v2, Bucket=name, ContinuationToken="nonsense")


def conditions():
    name = new_bucket()
    etag = s3.put_object(Bucket=name, Key="a", Body=b"1")["ETag"]
    refused("304", s3.get_object, Bucket=name, Key="a", IfNoneMatch=etag)
    refused("PreconditionFailed", s3.get_object, Bucket=name, Key="a", IfMatch='"other"')
    assert body(Bucket=name, Key="a", IfMatch=etag) == b"1"
    refused("PreconditionFailed", with_header("PutObject", "If-None-Match", "*").put_object, Bucket=name, Key="a", Body=b"2")
    refused("PreconditionFailed", with_header("PutObject", "If-Match", '"other"').put_object, Bucket=name, Key="a", Body=b"2")
    with_header("PutObject", "If-Match", etag).put_object(Bucket=name, Key="a", Body=b"2")
    assert body(Bucket=name, Key="a") == b"2"


def with_header(operation, header, value):
    """A client whose requests of an operation carry a header that this boto3 may not know by name."""
    given = client(signature_version="s3v4")
    given.meta.events.register(f"before-sign.s3.{operation}", lambda request, **_: request.headers.add_header(header, value))
    return given


def copies():
    name = new_bucket()
    s3.put_object(Bucket=name, Key="a ü", Body=b"content", Metadata={"m": "1"}, ContentType="text/x")
    s3.copy_object(Bucket=name, Key="b", CopySource={"Bucket": name, "Key": "a ü"})
    assert (body(Bucket=name, Key="b"), s3.head_object(Bucket=name, Key="b")["Metadata"]) == (b"content", {"m": "1"})
    s3.copy_object(Bucket=name, Key="c", CopySource={"Bucket": name, "Key": "b"}, MetadataDirective="REPLACE", Metadata={"n": "2"})
    assert s3.head_object(Bucket=name, Key="c")["Metadata"] == {"n": "2"}
    refused("InvalidRequest", s3.copy_object, Bucket=name, Key="a ü", CopySource={"Bucket": name, "Key": "a ü"})
    refused("NoSuchKey", s3.copy_object, Bucket=name, Key="d", CopySource={"Bucket": name, "Key": "none"})


def many_deletes():
    name = new_bucket()
    for number in range(30):
        s3.put_object(Bucket=name, Key=f"k{number}", Body=b"x")
    gone = s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": f"k{n}"} for n in range(30)] + [{"Key": "none"}]})
    assert (len(gone["Deleted"]), gone.get("Errors", [])) == (31, [])
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 0


def tags():
    name = new_bucket()
    s3.put_object(Bucket=name, Key="a", Body=b"x", Tagging="colour=blue&size=L")
    assert s3.head_object(Bucket=name, Key="a") and s3.get_object(Bucket=name, Key="a")["TagCount"] == 2
    s3.put_object_tagging(Bucket=name, Key="a", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert s3.get_object_tagging(Bucket=name, Key="a")["TagSet"] == [{"Key": "k", "Value": "v"}]
    s3.delete_object_tagging(Bucket=name, Key="a")
    assert s3.get_object_tagging(Bucket=name, Key="a")["TagSet"] == []
    refused("NoSuchTagSet", s3.get_bucket_tagging, Bucket=name)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == [{"Key": "k", "Value": "v"}]


def versions():
    name = new_bucket()
    s3.put_object(Bucket=name, Key="a", Body=b"before")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    one = s3.put_object(Bucket=name, Key="a", Body=b"1")["VersionId"]
    two = s3.put_object(Bucket=name, Key="a", Body=b"2")["VersionId"]
    assert body(Bucket=name, Key="a", VersionId=one) == b"1"
    assert body(Bucket=name, Key="a", VersionId="null") == b"before"
    marker = s3.delete_object(Bucket=name, Key="a")
    assert marker["DeleteMarker"] is True
    refused("NoSuchKey", s3.get_object, Bucket=name, Key="a")
    listed = s3.list_object_versions(Bucket=name)
    assert [one["VersionId"] for one in listed["Versions"]] == [two, one, "null"]
    assert [one["IsLatest"] for one in listed["DeleteMarkers"]] == [True]
    refused("MethodNotAllowed", s3.get_object, Bucket=name, Key="a", VersionId=marker["VersionId"])
    s3.delete_object(Bucket=name, Key="a", VersionId=marker["VersionId"])
    assert body(Bucket=name, Key="a") == b"2"
    s3.delete_object(Bucket=name, Key="a", VersionId=two)
    assert body(Bucket=name, Key="a") == b"1"


def multipart():
    name = new_bucket()
    content = os.urandom(17 * MIB)
    s3.upload_fileobj(io.BytesIO(content), name, "big", Config=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB))
    head = s3.head_object(Bucket=name, Key="big")
    sums = [hashlib.md5(content[at : at + 5 * MIB]).digest() for at in range(0, len(content), 5 * MIB)]
    assert head["ETag"] == f'"{hashlib.md5(b"".join(sums)).hexdigest()}-4"', head["ETag"]
    out = io.BytesIO()
    s3.download_fileobj(name, "big", out)
    assert out.getvalue() == content
    assert s3.head_object(Bucket=name, Key="big", PartNumber=2)["ContentLength"] == 5 * MIB

    upload = s3.create_multipart_upload(Bucket=name, Key="m")["UploadId"]
    given = {"Bucket": name, "Key": "m", "UploadId": upload}
    parts = [{"PartNumber": n, "ETag": s3.upload_part(PartNumber=n, Body=bytes([n]) * 5 * MIB, **given)["ETag"]} for n in (3, 1)]
    copied = s3.upload_part_copy(PartNumber=5, CopySource={"Bucket": name, "Key": "big"}, CopySourceRange="bytes=1-9", **given)
    parts.append({"PartNumber": 5, "ETag": copied["CopyPartResult"]["ETag"]})
    assert [one["PartNumber"] for one in s3.list_parts(**given)["Parts"]] == [1, 3, 5]
    assert [one["UploadId"] for one in s3.list_multipart_uploads(Bucket=name)["Uploads"]] == [upload]
    refused("InvalidPartOrder", s3.complete_multipart_upload, MultipartUpload={"Parts": parts}, **given)
    parts.sort(key=lambda part: part["PartNumber"])
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **given)
    assert body(Bucket=name, Key="m") == b"\1" * 5 * MIB + b"\3" * 5 * MIB + content[1:10]
    refused("InvalidArgument", s3.upload_part, Bucket=name, Key="m", UploadId=upload, PartNumber=10_001, Body=b"")

    gone = s3.create_multipart_upload(Bucket=name, Key="x")["UploadId"]
    s3.abort_multipart_upload(Bucket=name, Key="x", UploadId=gone)
    refused("NoSuchUpload", s3.list_parts, Bucket=name, Key="x", UploadId=gone)


def digests():
    name = new_bucket()
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    refused("BadDigest", s3.put_object, Bucket=name, Key="a", Body=b"x", ContentMD5=wrong)
    refused("InvalidDigest", s3.put_object, Bucket=name, Key="a", Body=b"x", ContentMD5="nonsense")
    refused("404", s3.head_object, Bucket=name, Key="a")
    sha256 = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    put = s3.put_object(Bucket=name, Key="a", Body=b"x", ChecksumSHA256=sha256)
    assert put["ChecksumSHA256"] == sha256
    assert s3.head_object(Bucket=name, Key="a", ChecksumMode="ENABLED")["ChecksumSHA256"] == sha256
    refused("BadDigest", s3.put_object, Bucket=name, Key="b", Body=b"y", ChecksumSHA256=sha256)
    computed = s3.put_object(Bucket=name, Key="c", Body=b"x" * 100_000, ChecksumAlgorithm="CRC32")
    assert "ChecksumCRC32" in computed


def signatures():
    name = new_bucket()
    s3.put_object(Bucket=name, Key="a", Body=b"x")
    refused("SignatureDoesNotMatch", client("wrong-secret", signature_version="s3v4").list_objects_v2, Bucket=name)
    refused("AccessDenied", nobody.get_object, Bucket=name, Key="a")
    unsigned = client(signature_version="s3v4", s3={"addressing_style": "path", "payload_signing_enabled": False})
    unsigned.put_object(Bucket=name, Key="b", Body=b"y")
    assert body(Bucket=name, Key="b") == b"y"
    refused("InvalidRequest", client(signature_version="s3").list_objects_v2, Bucket=name)


def fetch(url, data=None, method=None, headers=None):
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def presigned():
    name = new_bucket()
    put = s3.generate_presigned_url("put_object", Params={"Bucket": name, "Key": "a b/ü"}, ExpiresIn=60)
    assert fetch(put, b"by hand", "PUT")[0] == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "a b/ü"}, ExpiresIn=60)
    assert fetch(get) == (200, b"by hand")
    assert fetch(get.replace("X-Amz-Expires=60", "X-Amz-Expires=61"))[0] == 403
    named = s3.generate_presigned_url(
        "get_object", Params={"Bucket": name, "Key": "a b/ü", "ResponseContentDisposition": 'attachment; filename="x y"'}
    )
    assert fetch(named)[0] == 200


def forms():
    name = new_bucket()
    post = s3.generate_presigned_post(name, "up/${filename}", Conditions=[["content-length-range", 1, 10]], ExpiresIn=60)

    def send(content, **changes):
        boundary = uuid.uuid4().hex
        fields = {**post["fields"], **changes}
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n\r\n'
        data = "".join(parts).encode() + head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return fetch(post["url"], data, "POST", {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    status, text = send(b"hello")
    assert status == 204, text
    assert body(Bucket=name, Key="up/x.txt") == b"hello"
    assert b"EntityTooLarge" in send(b"hello hello hello")[1]
    assert send(b"hello", key="other/x.txt")[0] == 403
    assert send(b"hello", acl="public-read")[0] == 403


def policies():
    name = new_bucket()
    s3.put_object(Bucket=name, Key="open/a", Body=b"x")
    s3.put_object(Bucket=name, Key="shut/a", Body=b"x")
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket=name)
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/open/*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    assert json.loads(s3.get_bucket_policy(Bucket=name)["Policy"]) == policy
    assert nobody.get_object(Bucket=name, Key="open/a")["Body"].read() == b"x"
    refused("AccessDenied", nobody.get_object, Bucket=name, Key="shut/a")
    refused("AccessDenied", nobody.put_object, Bucket=name, Key="open/b", Body=b"x")
    refused("MalformedPolicy", s3.put_bucket_policy, Bucket=name, Policy='{"Version": "2012-10-17", "Statement": []}')
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement, deny]}))
    refused("AccessDenied", s3.delete_object, Bucket=name, Key="open/a")
    s3.delete_bucket_policy(Bucket=name)
    s3.delete_object(Bucket=name, Key="open/a")


def configurations():
    name = new_bucket()
    rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["http://*.example.com"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["AllowedMethods"] == ["PUT"]
    asked = {"Origin": "http://www.example.com", "Access-Control-Request-Method": "PUT"}
    assert fetch(f"{URL}/{name}/a", method="OPTIONS", headers=asked)[0] == 200
    assert fetch(f"{URL}/{name}/a", method="OPTIONS", headers={**asked, "Origin": "http://evil.com"})[0] == 403
    rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}
    s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["Expiration"]["Days"] == 3
    s3.put_bucket_acl(Bucket=name, ACL="public-read")
    assert len(s3.get_bucket_acl(Bucket=name)["Grants"]) == 2
    assert nobody.list_objects_v2(Bucket=name)["KeyCount"] == 0
    block = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
    refused("AccessDenied", nobody.list_objects_v2, Bucket=name)
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == block


def locks():
    name = new_bucket(ObjectLockEnabledForBucket=True)
    version = s3.put_object(Bucket=name, Key="a", Body=b"x", ObjectLockLegalHoldStatus="ON")["VersionId"]
    refused("AccessDenied", s3.delete_object, Bucket=name, Key="a", VersionId=version)
    assert s3.get_object_legal_hold(Bucket=name, Key="a")["LegalHold"]["Status"] == "ON"
    s3.put_object_legal_hold(Bucket=name, Key="a", LegalHold={"Status": "OFF"})
    s3.delete_object(Bucket=name, Key="a", VersionId=version)
    assert s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"


SUBJECTS = [
    buckets, objects, keys, listings, conditions, copies, many_deletes, tags, versions, multipart, digests, signatures,
    presigned, forms, policies, configurations, locks,
]
for subject in SUBJECTS:
    subject()
    print("ok", subject.__name__, flush=True)
print("all passed")
