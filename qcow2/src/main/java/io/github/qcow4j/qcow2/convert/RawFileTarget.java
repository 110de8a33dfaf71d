package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.RenameMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A new raw file, published when complete. Holds the locked file that it replaces meanwhile. */
final class RawFileTarget implements ConvertTarget {

  private final AtomicFile file;
  private final @Nullable BlockFile replaced;
  private final EarlyWriteback writeback;

  RawFileTarget(AtomicFile file, @Nullable BlockFile replaced) {
    this.file = file;
    this.replaced = replaced;
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
  public int shareUnitBytes() {
    return RawTargets.SHARE_UNIT_BYTES;
  }

  @Override
  public long share(long guestOffset, BlockFile source, long sourceOffset, long lengthBytes)
      throws IOException {
    return file.file().cloneRange(source, sourceOffset, guestOffset, lengthBytes) ? lengthBytes : 0;
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) throws IOException {
    file.file().writeZeroes(guestOffset, lengthBytes, true);
  }

  @Override
  public void complete() throws IOException {
    file.publish(RenameMode.REPLACE);
  }

  @Override
  public void close() throws IOException {
    BlockFile old = replaced;
    try (old) {
      file.close();
    }
  }
}
