package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Set;

/**
 * A FIFO, a terminal or the like, which takes bytes one behind the other only. For one thread at a
 * time.
 */
public final class StreamFile implements WritableByteChannel {

  private static final Set<FileKind> STREAMS =
      Set.of(FileKind.FIFO, FileKind.CHARACTER_DEVICE, FileKind.SOCKET);

  private final BlockFile file;
  private long position;
  private boolean open = true;

  private StreamFile(BlockFile file) {
    this.file = file;
  }

  /** Whether a name stands for such a file. */
  public static boolean isStream(Volume volume, Path path) throws IOException {
    return volume.exists(path) && STREAMS.contains(volume.status(path).kind());
  }

  /** Opens an existing file; a FIFO when somebody reads it, which is waited for. */
  public static StreamFile open(Volume volume, Path path) throws IOException {
    return new StreamFile(volume.open(path, OpenOptions.streaming()));
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    int count = source.remaining();
    file.write(source, position);
    position += count;
    return count;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public void close() throws IOException {
    open = false;
    file.close();
  }
}
