/** Errors as S3 clients know them: the one table of codes with their HTTP status. Codes and statuses are AWS's. */

/** Code to status and a default message. */
export const S3_CODES = {
  AccessControlListNotSupported: [400, "The bucket does not allow ACLs"],
  AccessDenied: [403, "Access Denied"],
  AuthorizationHeaderMalformed: [400, "The authorization header is malformed"],
  AuthorizationQueryParametersError: [400, "The query parameters of the signature are malformed"],
  BadDigest: [400, "The digest that was given does not fit the content"],
  BadRequest: [400, "Bad Request"],
  BucketAlreadyExists: [409, "The bucket name is taken"],
  BucketAlreadyOwnedByYou: [409, "You own this bucket already"],
  BucketNotEmpty: [409, "The bucket is not empty"],
  ConditionalRequestConflict: [409, "The object changed while the request was under way; try again"],
  EntityTooLarge: [400, "The object is larger than allowed"],
  EntityTooSmall: [400, "A part other than the last is smaller than 5 MiB"],
  ExpiredToken: [400, "The token has expired"],
  IllegalVersioningConfigurationException: [400, "The versioning configuration is not valid"],
  IllegalLocationConstraintException: [
    400,
    "The location constraint does not fit the region of this endpoint",
  ],
  IncompleteBody: [400, "The body is shorter than Content-Length said"],
  InternalError: [500, "An internal error occurred; try again"],
  InvalidAccessKeyId: [403, "The access key is not known"],
  InvalidArgument: [400, "Invalid Argument"],
  InvalidBucketAclWithObjectOwnership: [400, "A bucket whose owner is enforced has no ACLs"],
  InvalidBucketName: [400, "The bucket name is not valid"],
  InvalidBucketState: [409, "The request does not fit the state of the bucket"],
  InvalidDigest: [400, "Content-MD5 or a checksum is not valid"],
  InvalidLocationConstraint: [400, "The location constraint is not valid"],
  InvalidPart: [400, "A part was not found, or its ETag does not fit"],
  InvalidPartNumber: [416, "The part number is not satisfiable"],
  InvalidPartOrder: [400, "The parts are not in ascending order"],
  InvalidPolicyDocument: [400, "The form's policy document is not valid"],
  InvalidRange: [416, "The range does not lie within the object"],
  InvalidRequest: [400, "Invalid Request"],
  InvalidStorageClass: [400, "The storage class is not valid"],
  InvalidTag: [400, "A tag is not valid"],
  InvalidURI: [400, "The address is not well-formed: percent-encoded UTF-8 is expected"],
  KeyTooLongError: [400, "The key is longer than 1024 bytes"],
  MalformedACLError: [400, "The ACL is not well-formed"],
  MalformedPOSTRequest: [400, "The body is not well-formed multipart/form-data"],
  MalformedPolicy: [400, "The policy is not valid"],
  MalformedTrailerError: [400, "The trailer is not well-formed or does not fit x-amz-trailer"],
  MalformedXML: [400, "The XML is not well-formed or does not fit the schema"],
  MaxMessageLengthExceeded: [400, "The request is too large"],
  MetadataTooLarge: [400, "The metadata headers are too large"],
  MethodNotAllowed: [405, "The method is not allowed on this resource"],
  MissingContentLength: [411, "Content-Length is required"],
  MissingRequestBodyError: [400, "The request has no body"],
  MissingSecurityHeader: [400, "A required header is missing"],
  NoSuchBucket: [404, "The bucket does not exist"],
  NoSuchBucketPolicy: [404, "The bucket has no policy"],
  NoSuchCORSConfiguration: [404, "The bucket has no CORS configuration"],
  NoSuchKey: [404, "The key does not exist"],
  NoSuchLifecycleConfiguration: [404, "The bucket has no lifecycle configuration"],
  NoSuchObjectLockConfiguration: [404, "The object has no retention or legal hold"],
  NoSuchPublicAccessBlockConfiguration: [404, "The bucket has no public access block"],
  NoSuchTagSet: [404, "The bucket has no tags"],
  NoSuchUpload: [404, "The upload does not exist: it was completed, aborted or never begun"],
  NoSuchVersion: [404, "The version does not exist"],
  NoSuchWebsiteConfiguration: [404, "The bucket has no website configuration"],
  NotImplemented: [501, "This is not implemented"],
  NotModified: [304, "Not Modified"],
  ObjectLockConfigurationNotFoundError: [404, "The bucket has no object lock"],
  OperationAborted: [409, "Another operation on this resource is under way; try again"],
  OwnershipControlsNotFoundError: [404, "The bucket has no ownership controls"],
  PermanentRedirect: [301, "The bucket has to be addressed by another endpoint"],
  PreconditionFailed: [412, "A precondition does not hold"],
  QuotaExceeded: [403, "The bucket's quota is exceeded"],
  ReplicationConfigurationNotFoundError: [404, "The bucket has no replication configuration"],
  RequestHeaderSectionTooLarge: [400, "The headers are too large"],
  RequestTimeTooSkewed: [403, "The clocks of client and server differ too much"],
  RequestTimeout: [400, "The client was silent for too long"],
  ServerSideEncryptionConfigurationNotFoundError: [404, "The bucket has no encryption configuration"],
  ServiceUnavailable: [503, "The service is not available; try again"],
  SignatureDoesNotMatch: [403, "The signature does not fit the request"],
  SlowDown: [503, "Too many requests at once; try again"],
  TooManyBuckets: [400, "There are too many buckets"],
  UnsupportedSignature: [400, "The signature version is not supported"],
  XAmzContentSHA256Mismatch: [400, "x-amz-content-sha256 does not fit the content"],
} as const satisfies Record<string, readonly [number, string]>;
export type S3Code = keyof typeof S3_CODES;

export interface S3ErrorOptions {
  /** Further elements of the XML body, as `<ArgumentName>`. Never a secret. */
  readonly elements?: Readonly<Record<string, string>> | undefined;
  /** Further response headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly cause?: unknown;
}

/** An answer that is an error, as the client shall see it. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly code: S3Code;
  readonly elements: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;

  /** `message` undefined: the code's own. */
  constructor(code: S3Code, message?: string, options: S3ErrorOptions = {}) {
    super(message ?? S3_CODES[code][1], options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.elements = options.elements ?? {};
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return S3_CODES[this.code][0];
  }
}
