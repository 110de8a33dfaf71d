package io.github.qcow4j.qcow2.create;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.RawImage;
import io.github.qcow4j.qcow2.TappedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.convert.RawTargets;
import io.github.qcow4j.qcow2.create.ImageSpec.DataFile;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Storage that is taken by writing zeros is written in pieces, and a job that does so stops at the
 * next one: a disk that was to grow by 1 TiB had filled its file system before --timeout was heard
 * of.
 */
final class CancelledPreallocationTest {

  private static final long DISK_BYTES = 256L << 20;
  private static final long OLD_BYTES = 1 << 20;

  /** A few pieces, and the tables before them. */
  private static final long MOST_BYTES = 16L << 20;

  /** More than any table of the images here, less than a piece of zeros. */
  private static final long PIECE_BYTES = 512 << 10;

  @TempDir(factory = MemoryFolder.class)
  Path directory;

  private final JobControl control = new JobControl();
  private long cancellingBytes = PIECE_BYTES;
  private long writtenBytes;

  private final Volume volume =
      new TappedVolume(
              Volumes.host(),
              call -> {
                if (call.is("write")) {
                  writtenBytes += call.lengthBytes();
                  if (call.lengthBytes() >= cancellingBytes) {
                    control.cancel();
                  }
                }
              })
          .volume();

  /** Something that writes zeros. */
  @FunctionalInterface
  private interface Work {
    void run() throws IOException;
  }

  @Test
  void aRawImageIsNotCreated() throws IOException {
    assertStops(
        () -> RawCreation.create(volume, path("new.raw"), DISK_BYTES, Preallocation.FULL, control));
    assertNothingIsLeft();
  }

  @Test
  void aQcow2ImageIsNotCreated() throws IOException {
    ImageSpec spec = ImageSpec.ofSize(DISK_BYTES).withPlaces(Preallocation.FULL, null);
    assertStops(() -> ImageCreation.create(volume, path("new.qcow2"), spec, control));
    assertNothingIsLeft();
  }

  @Test
  void anImageWithADataFileIsNotCreated() throws IOException {
    ImageSpec spec = ImageSpec.ofSize(DISK_BYTES).withPlaces(Preallocation.FULL, dataFile());
    assertStops(() -> ImageCreation.create(volume, path("new.qcow2"), spec, control));
    assertNothingIsLeft();
  }

  /** Tables for a large disk are as many bytes as a small one. */
  @Test
  void anImageWithAllItsTablesIsNotCreated() throws IOException {
    ImageSpec spec = ImageSpec.ofSize(1L << 40).withPlaces(Preallocation.METADATA, null);
    cancellingBytes = 1 << 16;
    assertStops(() -> ImageCreation.create(volume, path("new.qcow2"), spec, control));
    assertNothingIsLeft();
  }

  @Test
  void aRawTargetOfAConversionIsNotCreated() throws IOException {
    assertStops(() ->
        RawTargets.create(volume, path("new.raw"), DISK_BYTES, Preallocation.FULL, control)
            .close());
    assertNothingIsLeft();
  }

  @Test
  void aQcow2TargetOfAConversionIsNotCreated() throws IOException {
    ImageSpec spec = ImageSpec.ofSize(DISK_BYTES).withPlaces(Preallocation.FULL, null);
    assertStops(() ->
        Qcow2Targets.create(
                volume, path("new.qcow2"), spec, null, Qcow2Targets.Storage.PLAIN, control)
            .close());
    assertNothingIsLeft();
  }

  @Test
  void aRawDiskKeepsItsSize() throws IOException {
    Path image = path("disk.raw");
    RawCreation.create(Volumes.host(), image, OLD_BYTES, Preallocation.OFF, new JobControl());
    try (DiskImage disk = open(image, ImageFormat.RAW)) {
      assertStops(() -> ((RawImage) disk).resize(DISK_BYTES, Preallocation.FULL, control));
      assertThat(disk.virtualSize()).isEqualTo(OLD_BYTES);
    }
    assertThat(Files.size(image)).isEqualTo(OLD_BYTES);
  }

  @Test
  void aQcow2DiskKeepsItsSizeAndItsImageIsSound() throws IOException {
    Path image = path("disk.qcow2");
    ImageCreation.create(Volumes.host(), image, ImageSpec.ofSize(OLD_BYTES));
    assertResizeStops(image);
  }

  @Test
  void aDataFileKeepsItsLength() throws IOException {
    Path image = path("disk.qcow2");
    ImageCreation.create(
        Volumes.host(),
        image,
        ImageSpec.ofSize(OLD_BYTES).withPlaces(Preallocation.OFF, dataFile()));
    assertResizeStops(image);
    assertThat(Files.size(path("data.raw"))).isEqualTo(OLD_BYTES);
  }

  private void assertResizeStops(Path image) throws IOException {
    try (DiskImage disk = open(image, ImageFormat.QCOW2)) {
      assertStops(() -> ((Qcow2Image) disk).resize(DISK_BYTES, Preallocation.FULL, control));
      assertThat(disk.virtualSize()).isEqualTo(OLD_BYTES);
    }
    try (ImageCheck check = ImageCheck.open(Volumes.host(), image)) {
      assertThat(check.header().virtualSize()).isEqualTo(OLD_BYTES);
      var report = check.run(finding -> {}, new JobControl());
      assertThat(report.corruptions() + report.leaks() + report.checkErrors()).isZero();
    }
  }

  private void assertStops(Work work) {
    assertThatThrownBy(work::run).isInstanceOf(JobCancelledException.class);
    assertThat(writtenBytes).isBetween(cancellingBytes, MOST_BYTES);
  }

  private void assertNothingIsLeft() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).isEmpty();
    }
  }

  private DiskImage open(Path image, ImageFormat format) throws IOException {
    return DiskImages.open(
        volume, image, ReferencePolicy.sameDirectory(), ImageOptions.of(format).withWriting());
  }

  private DataFile dataFile() {
    return new DataFile(path("data.raw").toString(), false);
  }

  private Path path(String name) {
    return directory.resolve(name);
  }
}
