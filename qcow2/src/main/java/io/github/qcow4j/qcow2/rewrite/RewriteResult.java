package io.github.qcow4j.qcow2.rewrite;

import io.github.qcow4j.nativeio.CopyResult;

/**
 * What the new file has from the old one.
 *
 * @param data bytes of plain clusters, and in which way they came
 * @param compressedBytes guest bytes of clusters that were compressed anew, those included that did
 *     not become smaller
 */
public record RewriteResult(CopyResult data, long compressedBytes) {}
