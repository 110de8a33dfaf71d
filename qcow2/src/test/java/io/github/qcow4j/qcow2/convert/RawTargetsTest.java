package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What may be written to, and what is left of it when a conversion does not end well. */
class RawTargetsTest {

  private static final Volume VOLUME = Volumes.host();
  private static final int DISK_BYTES = 5 << 20;

  @TempDir private Path directory;
  private Path source;
  private byte[] content;

  @BeforeEach
  void makeSource() throws IOException {
    content = new byte[DISK_BYTES];
    new Random(5).nextBytes(content);
    Arrays.fill(content, 1 << 20, 3 << 20, (byte) 0);
    source = Files.write(directory.resolve("source.raw"), content);
  }

  @Test
  void aPipeReceivesTheWholeDiskInOrder() throws Exception {
    Path pipe = directory.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    CompletableFuture<byte[]> received =
        CompletableFuture.supplyAsync(() -> {
          try (InputStream in = Files.newInputStream(pipe)) {
            return in.readNBytes(DISK_BYTES);
          } catch (IOException e) {
            throw new IllegalStateException(e);
          }
        });
    convert(RawTargets.create(VOLUME, pipe, DISK_BYTES), new JobControl());
    assertThat(Arrays.mismatch(received.get(), content)).isEqualTo(-1);
  }

  @Test
  void theNullDeviceTakesEverything() throws Exception {
    ConvertResult result =
        convert(RawTargets.create(VOLUME, Path.of("/dev/null"), DISK_BYTES), new JobControl());
    assertThat(result.totalBytes()).isEqualTo(DISK_BYTES);
  }

  @Test
  void anExistingTargetIsOverwrittenInPlaceZerosIncluded() throws Exception {
    byte[] old = new byte[DISK_BYTES + 4096];
    Arrays.fill(old, (byte) 7);
    Path target = Files.write(directory.resolve("target.raw"), old);
    convert(RawTargets.existing(VOLUME, target, DISK_BYTES, false), new JobControl());
    byte[] now = Files.readAllBytes(target);
    assertThat(Arrays.mismatch(now, 0, DISK_BYTES, content, 0, DISK_BYTES)).isEqualTo(-1);
    assertThat(now).hasSize(old.length).endsWith(7, 7, 7);
  }

  @Test
  void anExistingTargetThatIsTooSmallIsRefusedUntouched() throws Exception {
    Path target = Files.write(directory.resolve("target.raw"), new byte[] {1, 2, 3});
    assertThatThrownBy(() -> RawTargets.existing(VOLUME, target, DISK_BYTES, false))
        .hasMessageContaining("output file is smaller than input file");
    assertThat(Files.readAllBytes(target)).containsExactly(1, 2, 3);
  }

  @Test
  void aSourceIsNotReplacedByItsOwnConversion() throws Exception {
    try (DiskImage disk = open()) {
      assertThat(disk.virtualSize()).isEqualTo(DISK_BYTES);
      assertThatThrownBy(() -> RawTargets.create(VOLUME, source, DISK_BYTES))
          .isInstanceOf(ImageInUseException.class);
    }
    assertThat(Arrays.mismatch(Files.readAllBytes(source), content)).isEqualTo(-1);
  }

  @Test
  void aCancelledConversionLeavesTheOldTargetAndNothingElse() throws Exception {
    Path target = Files.write(directory.resolve("target.raw"), new byte[] {1, 2, 3});
    JobControl control = new JobControl();
    control.cancel();
    assertThatThrownBy(() -> convert(RawTargets.create(VOLUME, target, DISK_BYTES), control))
        .isInstanceOf(JobCancelledException.class);
    assertThat(Files.readAllBytes(target)).containsExactly(1, 2, 3);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactlyInAnyOrder(source, target);
    }
  }

  private ConvertResult convert(ConvertTarget target, JobControl control) throws IOException {
    try (target;
        DiskImage disk = open()) {
      return Conversion.run(
          List.of(disk), target, ConvertOptions.DEFAULT, control, (offset, length, cause) -> {});
    }
  }

  private DiskImage open() throws IOException {
    return DiskImages.open(
        VOLUME,
        source,
        ReferencePolicy.deny(),
        ImageOptions.of(ImageFormat.RAW).withSharing(ImageOptions.Sharing.EXCLUDE_WRITERS));
  }
}
