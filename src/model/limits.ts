/** Every limit of the data model, in one place. Sizes in bytes unless the name says otherwise. */

export const NAME_BYTES_MAX = 255;
export const OBJECT_NAME_BYTES_MAX = 1024;
export const OBJECT_SIZE_BYTES_MAX = 16 * 2 ** 40;

/** Content of at most this size is stored beside the version, as a record and not as a chunk. */
export const SMALL_CONTENT_BYTES_MAX = 1024;

export const CHUNK_BYTES_MIN = 16 * 1024;
export const CHUNK_BYTES_AVERAGE = 64 * 1024;
export const CHUNK_BYTES_MAX = 256 * 1024;
/** Bounds of the bucket option `--chunk-size`; a power of two. */
export const FIXED_CHUNK_BYTES_MIN = 8 * 1024;
export const FIXED_CHUNK_BYTES_MAX = 1024 * 1024;
/** A run of zeros at least this long costs no chunk. */
export const ZERO_RUN_BYTES_MIN = 16 * 1024;

export const NODE_REFERENCES_AVERAGE = 64;
export const NODE_REFERENCES_MAX = 256;
/** No node of the tree is longer than this when encoded. */
export const NODE_BYTES_MAX = 64 * 1024;
export const TREE_DEPTH_MAX = 12;

export const METADATA_ENTRIES_MAX = 64;
export const METADATA_KEY_BYTES_MAX = 128;
export const METADATA_VALUE_BYTES_MAX = 2048;
export const METADATA_BYTES_MAX = 8 * 1024;
export const CONTENT_TYPE_BYTES_MAX = 255;
export const KNOWN_SEGMENTS_MAX = 64;
/** Of one standard header that a version keeps. */
export const HEADER_VALUE_BYTES_MAX = 2048;
/** Tags of a version; lengths in UTF-16 units. */
export const TAGS_MAX = 10;
export const TAG_KEY_CHARS_MAX = 128;
export const TAG_VALUE_CHARS_MAX = 256;
/** Parts of a multipart upload. */
export const PARTS_MAX = 10_000;
/** The parts' own checksums are kept in a manifest only while all of them are within this. */
export const PART_CHECKSUMS_BYTES_MAX = 24 * 1024;
/** A name, and 64 segments that were known. */
export const EXPUNGE_RECORD_BYTES_MAX = 4 * 1024;
export const VERSION_MANIFEST_BYTES_MAX = 64 * 1024;

export const VERSIONS_KEPT_MAX = 1000;
/** Of a lock's default retention: a hundred years. */
export const RETENTION_DAYS_MAX = 36_500;
/** One configuration of a bucket in a gateway's words. */
export const BUCKET_CONFIG_BYTES_MAX = 64 * 1024;
export const LIST_LIMIT_DEFAULT = 1000;
export const LIST_LIMIT_MAX = 10_000;

export const SERVICE_PATHS_MAX = 1000;
export const SERVICE_SETTINGS_MAX = 128;
export const SETTING_VALUE_BYTES_MAX = 1024;
