import type { S3 } from "@aws-sdk/client-s3";

/** Puts an empty object under each key: MinIO takes them all at once, out of one tar file; any other server one by one. */
export async function fillBucket(admin: S3, bucket: string, keys: readonly string[]): Promise<void> {
  const tar = Buffer.concat([...keys.map(tarHeader), Buffer.alloc(1024)]);
  await admin.putObject({
    Bucket: bucket,
    Key: "fill.tar",
    Body: tar,
    Metadata: { "snowball-auto-extract": "true" },
  });
  const { Contents } = await admin.listObjectsV2({ Bucket: bucket, MaxKeys: 1 });
  if (Contents?.[0]?.Key !== "fill.tar") return;
  await admin.deleteObject({ Bucket: bucket, Key: "fill.tar" });
  const left = [...keys];
  const worker = async () => {
    for (let key = left.pop(); key !== undefined; key = left.pop())
      await admin.putObject({ Bucket: bucket, Key: key, Body: "", ContentLength: 0 });
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

/** A header of the ustar format of POSIX 1003.1 for an empty file; a name of at most 100 bytes. */
function tarHeader(name: string): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write("0000644\x000000000\x000000000\x0000000000000\x0000000000000\x00        0", 100);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\x00 `, 148);
  return header;
}
