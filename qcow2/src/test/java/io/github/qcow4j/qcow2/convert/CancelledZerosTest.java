package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk of zeros is one extent, and a job that passes it on stops within it nevertheless. */
final class CancelledZerosTest {

  private static final long DISK_BYTES = 16L << 30;

  @TempDir(factory = MemoryFolder.class)
  Path directory;

  /** Of a disk of 2 TiB all had to be passed on before the job looked whether it should stop. */
  @Test
  void aStreamOfZerosStopsWhenItIsCancelled() throws IOException {
    Path image = directory.resolve("zeros.qcow2");
    ImageCreation.create(Volumes.host(), image, ImageSpec.ofSize(DISK_BYTES));
    JobControl control = new JobControl();
    CancellingChannel channel = new CancellingChannel(control);
    try (DiskImage disk =
        DiskImages.open(
            Volumes.host(), image, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.QCOW2))) {
      assertThatThrownBy(() ->
              StreamConversion.toRaw(
                  List.of(disk),
                  channel,
                  ConvertOptions.DEFAULT,
                  control,
                  (offset, length, cause) -> {}))
          .isInstanceOf(JobCancelledException.class);
    }
    assertThat(channel.bytes).isLessThan(DISK_BYTES / 16);
  }

  /** Cancels the job that writes to it. */
  private static final class CancellingChannel implements WritableByteChannel {

    private final JobControl control;
    private long bytes;

    CancellingChannel(JobControl control) {
      this.control = control;
    }

    @Override
    public int write(ByteBuffer source) {
      control.cancel();
      int count = source.remaining();
      bytes += count;
      source.position(source.limit());
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
