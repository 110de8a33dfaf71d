package io.github.qcow4j.qcow2.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.convert.StreamConversion;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/**
 * A chain sent as a stream, whose receiver fails as a file does. What comes of it when that fails
 * is the receiver's to throw away; the sources stay as they are, and what is said to be sent is all
 * there.
 */
final class StreamWork implements CrashWorkload {

  private static final Path RECEIVED = Path.of("/received");

  @Override
  public CrashExplorer.Check run(SimulatedVolume volume, Random random) throws Exception {
    SourceChain chain = SourceChain.make(volume, random);
    volume.settle();
    chain.note(volume);
    for (int round = 0; round < 3; round++) {
      boolean raw = round == 0;
      ImageFormat format = raw ? ImageFormat.RAW : ImageFormat.QCOW2;
      try (DiskImage source = chain.open(volume);
          BlockFile file = volume.open(RECEIVED, OpenOptions.creatingNew())) {
        send(source, new Receiver(file), raw, round == 2, random);
      }
      assertThat(new PublishedImage(RECEIVED, format).content(volume)).isEqualTo(chain.content());
      volume.unlink(RECEIVED);
    }
    return SourceChain::requireUnchanged;
  }

  private static void send(
      DiskImage source, WritableByteChannel to, boolean raw, boolean compressed, Random random)
      throws IOException {
    List<DiskImage> sources = List.of(source);
    JobControl control = new JobControl();
    if (raw) {
      StreamConversion.toRaw(
          sources, to, SourceChain.ONE_THREAD, control, (offset, length, cause) -> {});
    } else {
      StreamConversion.toQcow2(
          sources,
          ImageSpecs.random(random, (int) source.virtualSize()),
          new Qcow2Targets.Storage(compressed, 0, true),
          to,
          SourceChain.ONE_THREAD,
          control,
          (offset, length, cause) -> {});
    }
  }

  /** Keeps all that is sent, one behind the other. */
  private static final class Receiver implements WritableByteChannel {

    private final BlockFile file;
    private long position;

    Receiver(BlockFile file) {
      this.file = file;
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
      return true;
    }

    @Override
    public void close() {}
  }
}
