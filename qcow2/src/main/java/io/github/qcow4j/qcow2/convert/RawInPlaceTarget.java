package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.nativeio.FileKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;

/** An existing raw file or device, written in place. */
final class RawInPlaceTarget implements ConvertTarget {

  private final BlockFile file;
  private final boolean readsAsZeros;
  private final boolean inOrder;
  private final EarlyWriteback writeback;

  /**
   * @param file the target, locked
   * @param readsAsZeros whether it is all zeros already
   * @param inOrder whether it takes bytes only one after the other
   */
  RawInPlaceTarget(BlockFile file, boolean readsAsZeros, boolean inOrder) {
    this.file = file;
    this.readsAsZeros = readsAsZeros && !inOrder;
    this.inOrder = inOrder;
    this.writeback = new EarlyWriteback(file);
  }

  @Override
  public boolean readsAsZeros() {
    return readsAsZeros;
  }

  @Override
  public boolean inOrder() {
    return inOrder;
  }

  @Override
  public void write(long guestOffset, ByteBuffer data) throws IOException {
    int bytes = data.remaining();
    file.write(data, guestOffset);
    writeback.wrote(bytes);
  }

  @Override
  public int copyUnitBytes() {
    return inOrder ? 0 : 1;
  }

  @Override
  public CopyResult copyFrom(
      long guestOffset, BlockFile source, long sourceOffset, long lengthBytes, Set<CopyMethod> ways)
      throws IOException {
    CopyResult copied = file.copyRange(source, sourceOffset, guestOffset, lengthBytes, ways);
    writeback.wrote(copied.totalBytes() - copied.reflinkBytes());
    return copied;
  }

  @Override
  public void writeZeroes(long guestOffset, long lengthBytes) throws IOException {
    file.writeZeroes(guestOffset, lengthBytes, true);
  }

  @Override
  public void complete() throws IOException {
    // Pipes and character devices have nothing to make durable, and refuse to be asked.
    if (file.kind() == FileKind.REGULAR || file.kind() == FileKind.BLOCK_DEVICE) {
      file.syncAll();
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
