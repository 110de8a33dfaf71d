package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A conversion stops when it is told to, whatever it is at. */
final class CancelledConversionTest {

  private static final long DISK_BYTES = 16L << 30;

  @TempDir(factory = MemoryFolder.class)
  Path directory;

  /**
   * A disk of zeros is one extent: of 2 TiB all had to be passed on before the job looked whether
   * it should stop.
   */
  @Test
  void aStreamOfZerosStopsWhenItIsCancelled() throws IOException {
    Path image = directory.resolve("zeros.qcow2");
    ImageCreation.create(Volumes.host(), image, ImageSpec.ofSize(DISK_BYTES));
    JobControl control = new JobControl();
    CancellingStream stream = new CancellingStream(control);
    try (DiskImage disk =
        DiskImages.open(
            Volumes.host(), image, ReferencePolicy.deny(), ImageOptions.of(ImageFormat.QCOW2))) {
      assertThatThrownBy(() ->
              StreamConversion.toRaw(
                  List.of(disk),
                  Channels.newChannel(stream),
                  ConvertOptions.DEFAULT,
                  control,
                  (offset, length, cause) -> {}))
          .isInstanceOf(JobCancelledException.class);
    }
    assertThat(stream.bytes).isLessThan(DISK_BYTES / 16);
  }

  /** Thousands of them take seconds, after which the image was published all the same. */
  @Test
  void nothingIsPublishedWhenItIsCancelledAtTheBitmaps() throws IOException {
    Workbench bench = Workbench.in(directory);
    Path image = bench.image("marked.qcow2", "", 1 << 20);
    assertThat(bench.qemu().img("bitmap", "--add", image.toString(), "marks").exitCode()).isZero();
    bench.operate(
        image,
        surgeon -> {
          long bitmaps = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
          long inUse = surgeon.number(bitmaps + 16) + 12;
          surgeon.setNumber(inUse, 4, surgeon.number(inUse, 4) | 1);
        });
    Path target = directory.resolve("target.qcow2");
    JobControl control = new JobControl();
    try (Qcow2Image source =
            (Qcow2Image)
                DiskImages.open(
                    Volumes.host(),
                    image,
                    ReferencePolicy.deny(),
                    ImageOptions.of(ImageFormat.QCOW2));
        ConvertTarget copy =
            Qcow2Targets.withBitmapsOf(
                Qcow2Targets.create(
                    Volumes.host(),
                    target,
                    ImageSpec.ofSize(1 << 20),
                    null,
                    Qcow2Targets.Storage.PLAIN),
                source,
                true,
                skipped -> control.cancel())) {
      assertThatThrownBy(() ->
              Conversion.run(
                  List.of(source),
                  copy,
                  ConvertOptions.DEFAULT,
                  control,
                  (offset, length, cause) -> {}))
          .isInstanceOf(JobCancelledException.class);
    }
    assertThat(target).doesNotExist();
  }

  /** Cancels the job that writes to it. */
  private static final class CancellingStream extends OutputStream {

    private final JobControl control;
    private long bytes;

    CancellingStream(JobControl control) {
      this.control = control;
    }

    @Override
    public void write(int each) {
      write(new byte[1], 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int length) {
      control.cancel();
      bytes += length;
    }
  }
}
