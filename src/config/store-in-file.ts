import type { SecretInFile, Text } from "./environment-file.ts";

/**
 * One place for backups, one of: `s3`, `file`.
 * @minProperties 1
 * @maxProperties 1
 */
export interface StoreInFile {
  /** A bucket of Amazon S3 or of a server that speaks its protocol. */
  readonly s3?: S3InFile;
  /** A folder. */
  readonly file?: FolderInFile;
}

export interface FolderInFile {
  /** The folder. A relative path starts from the folder that holds the folder of this file; `~/` is your home folder. */
  readonly path: Text;
}

export interface S3InFile {
  /**
   * The bucket's name, without `s3://` and prefix: lower-case letters, digits, `.` and `-`.
   * @pattern ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$
   */
  readonly bucket: string;
  /**
   * What every key starts with, such as `backups/production`. No two environments may share or nest theirs.
   * @default ""
   */
  readonly prefix?: string;
  /** The region, such as `us-east-1`. May be left out where `endpoint` is given. */
  readonly region?: Text;
  /**
   * The address of a server other than Amazon's, such as `https://s3.example.com`.
   * @pattern ^https?://
   */
  readonly endpoint?: string;
  /** Whether the bucket stands in the path rather than in the host name. Left out: true where `endpoint` is given. */
  readonly pathStyle?: boolean;
  /**
   * `when_required` for servers that do not know the checksums that newer clients send.
   * @default "when_supported"
   */
  readonly checksums?: "when_required" | "when_supported";
  /**
   * The storage class of new objects, such as `STANDARD_IA`.
   * @pattern ^[A-Z][A-Z0-9_]*$
   */
  readonly storageClass?: string;
  /** How the server encrypts new objects; backups are encrypted by dbops besides. */
  readonly serverSideEncryption?: "AES256" | "aws:kms" | "aws:kms:dsse";
  /** For servers with limits of their own on multipart uploads. */
  readonly parts?: PartsInFile;
  /** Left out: as the AWS tools find them (environment, profile, instance role). */
  readonly credentials?: CredentialsInFile;
}

export interface PartsInFile {
  /**
   * How many parts an upload may have.
   * @asType integer
   * @minimum 1
   * @maximum 10000
   * @default 10000
   */
  readonly max?: number;
  /**
   * Whether all parts but the last must have one size, as on Cloudflare R2.
   * @default false
   */
  readonly equal?: boolean;
}

export interface CredentialsInFile {
  /** Where the access key's id is kept. */
  readonly accessKeyId: SecretInFile;
  /** Where the secret access key is kept. */
  readonly secretAccessKey: SecretInFile;
}
