package io.github.qcow4j.nativeio.linux;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.support.CallGate;
import java.io.IOException;
import java.util.Set;

/**
 * What comes into one open file from another: each part of a range in the cheapest way that works,
 * while neither of the two can be closed. Any thread may call.
 */
final class FileCopies {

  private final LinuxBlockFile target;
  private final Copying copying;

  FileCopies(LinuxBlockFile target, Copying copying) {
    this.target = target;
    this.copying = copying;
  }

  boolean cloneFrom(LinuxBlockFile source) throws IOException {
    return withBothOpen(
        source,
        () -> {
          target.checkWritable("ioctl");
          return copying.cloneFrom(source.descriptor());
        });
  }

  boolean cloneRange(LinuxBlockFile source, long sourceOffset, long targetOffset, long lengthBytes)
      throws IOException {
    return withBothOpen(
        source,
        () -> {
          target.checkWritable("ioctl");
          return copying.cloneRange(source.descriptor(), sourceOffset, targetOffset, lengthBytes);
        });
  }

  boolean canShareWith(LinuxBlockFile source) throws IOException {
    return withBothOpen(
        source,
        () -> {
          target.checkWritable("ioctl");
          return copying.canShareWith(source.descriptor());
        });
  }

  /** As {@link io.github.qcow4j.nativeio.BlockFile#copyRange} says. */
  CopyResult copy(
      LinuxBlockFile source,
      long sourceOffset,
      long targetOffset,
      long lengthBytes,
      Set<CopyMethod> ways)
      throws IOException {
    SharedBlocks blocks =
        ways.contains(CopyMethod.REFLINK)
            ? withBothOpen(
                source,
                () ->
                    SharedBlocks.of(
                        sourceOffset, targetOffset, lengthBytes, source.descriptor().size()))
            : SharedBlocks.NONE;
    CopyResult result = copyUnshared(source, sourceOffset, targetOffset, blocks.headBytes(), ways);
    if (result.totalBytes() < blocks.headBytes()) {
      return result;
    }
    long from = sourceOffset + blocks.headBytes();
    long to = targetOffset + blocks.headBytes();
    if (blocks.lengthBytes() > 0 && cloneRange(source, from, to, blocks.lengthBytes())) {
      result = result.plus(CopyResult.of(CopyMethod.REFLINK, blocks.lengthBytes()));
    }
    long done = result.totalBytes();
    return result.plus(
        copyUnshared(source, sourceOffset + done, targetOffset + done, lengthBytes - done, ways));
  }

  /** Copies without sharing on purpose. */
  private CopyResult copyUnshared(
      LinuxBlockFile source,
      long sourceOffset,
      long targetOffset,
      long lengthBytes,
      Set<CopyMethod> ways)
      throws IOException {
    if (lengthBytes == 0) {
      return CopyResult.NONE;
    }
    CopyResult inKernel = CopyResult.NONE;
    if (ways.contains(CopyMethod.KERNEL_COPY)) {
      boolean mayShare = ways.contains(CopyMethod.REFLINK);
      inKernel =
          withBothOpen(
              source,
              () -> {
                target.checkWritable("copy_file_range");
                return mayShare || !copying.canShareWith(source.descriptor())
                    ? copying.copy(source.descriptor(), sourceOffset, targetOffset, lengthBytes)
                    : CopyResult.NONE;
              });
    }
    long done = inKernel.totalBytes();
    return inKernel.plus(
        target.readAndWrite(
            source, sourceOffset + done, targetOffset + done, lengthBytes - done, ways));
  }

  /** What is done while neither of two files is closed. */
  @FunctionalInterface
  private interface Step<T> {
    T run() throws IOException;
  }

  private <T> T withBothOpen(LinuxBlockFile source, Step<T> step) throws IOException {
    CallGate gate = target.gate();
    gate.enter();
    try {
      source.gate().enter();
      try {
        return step.run();
      } finally {
        source.gate().exit();
      }
    } finally {
      gate.exit();
    }
  }
}
