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
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Where the L1 table cannot be had there is nothing to salvage. Each sector of the disk was asked
 * for, in vain, and reported: of a terabyte for days.
 */
final class SalvageWithoutTablesTest {

  private static final long DISK_BYTES = 1L << 40;
  private static final int L1_OFFSET_FIELD = 40;

  @TempDir(factory = MemoryFolder.class)
  Path directory;

  private Path image(Consumer<ImageSurgeon> edits) throws IOException {
    Path image = directory.resolve("huge.qcow2");
    ImageCreation.create(Volumes.host(), image, ImageSpec.ofSize(DISK_BYTES));
    Workbench.in(directory).operate(image, edits);
    return image;
  }

  private static ConvertResult salvage(Path image) throws IOException {
    JobControl control = new JobControl();
    try (DiskImage disk =
        DiskImages.open(
            Volumes.host(), image, ReferencePolicy.allow(), ImageOptions.of(ImageFormat.QCOW2))) {
      return StreamConversion.toRaw(
          List.of(disk),
          Channels.newChannel(OutputStream.nullOutputStream()),
          new ConvertOptions(1, 4096, true, 0),
          control,
          (offset, length, cause) -> control.cancel());
    }
  }

  @Test
  void anL1TableBehindTheEndOfTheFileEndsIt() throws IOException {
    Path image = image(surgeon -> surgeon.setNumber(L1_OFFSET_FIELD, 8, 1L << 40));
    assertThatThrownBy(() -> salvage(image))
        .isInstanceOf(CorruptImageException.class)
        .hasMessageContaining("active L1 table");
  }

  @Test
  void anL1TableThatNamesOneTableTooOftenEndsIt() throws IOException {
    Path image =
        image(surgeon -> {
          long l1 = surgeon.number(L1_OFFSET_FIELD);
          for (int i = 0; i < 2048; i++) {
            surgeon.setNumber(l1 + i * 8L, 8, l1);
          }
        });
    assertThatThrownBy(() -> salvage(image)).isInstanceOf(LimitExceededException.class);
  }

  @Test
  void thatOfALayerBelowEndsItToo() throws IOException {
    Path base = image(surgeon -> surgeon.setNumber(L1_OFFSET_FIELD, 8, 1L << 40));
    Path top = directory.resolve("top.qcow2");
    Workbench bench = Workbench.in(directory);
    assertThat(
            bench
                .qemu()
                .img(
                    "create",
                    "-u",
                    "-f",
                    "qcow2",
                    "-F",
                    "qcow2",
                    "-b",
                    base.toString(),
                    top.toString(),
                    "1T")
                .exitCode())
        .isZero();
    assertThatThrownBy(() -> salvage(top)).isInstanceOf(CorruptImageException.class);
  }
}
