package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.create.CreatedFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;

/** A new raw file, published when complete. */
final class RawFileTarget implements ConvertTarget {

  private final CreatedFile file;
  private final EarlyWriteback writeback;

  RawFileTarget(CreatedFile file) {
    this.file = file;
    this.writeback = new EarlyWriteback(file.file());
  }

  @Override
  public boolean readsAsZeros() {
    return true;
  }

  @Override
  public boolean inOrder() {
    return false;
  }

  @Override
  public void write(long guestOffset, ByteBuffer data) throws IOException {
    int bytes = data.remaining();
    file.file().write(data, guestOffset);
    writeback.wrote(bytes);
  }

  @Override
  public int copyUnitBytes() {
    return 1;
  }

  @Override
  public CopyResult copyFrom(
      long guestOffset, BlockFile source, long sourceOffset, long lengthBytes, Set<CopyMethod> ways)
      throws IOException {
    CopyResult copied = file.file().copyRange(source, sourceOffset, guestOffset, lengthBytes, ways);
    writeback.wrote(copied.totalBytes() - copied.reflinkBytes());
    return copied;
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) throws IOException {
    file.file().writeZeroes(guestOffset, lengthBytes, true);
  }

  @Override
  public void complete() throws IOException {
    file.publish();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
