package io.github.qcow4j.qcow2.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.compare.Comparison;
import io.github.qcow4j.qcow2.compare.ComparisonResult;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.CountedCalls;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a conversion asks of the kernel grows with its data in large pieces, not with clusters. */
class CostTest {

  private static final int PIECE = BlockFile.CALL_BYTES;

  @TempDir private Path directory;

  private final CountedCalls calls = new CountedCalls();
  private final Volume volume = calls.over(Volumes.host());

  @Test
  void aFileIsAskedForItsHolesOncePerRangeAndNotOncePerPiece() throws Exception {
    Path source = rawWithTail(16 * PIECE, 16 * PIECE);
    convert(source, ImageFormat.RAW);

    assertThat(calls.of("nextHole")).isBetween(1, 4);
    assertThat(calls.of("nextData")).isBetween(1, 6);
  }

  @Test
  void aRawFileIsAskedOnceHoweverSmallTheOtherImagesPartsAre() throws Exception {
    Path raw = rawWithTail(4 * PIECE, 0);
    Path image = directory.resolve("compressed.qcow2");
    QemuTools.require()
        .img("convert", "-c", "-f", "raw", "-O", "qcow2", raw.toString(), image.toString())
        .orFail();
    try (DiskImage first = open(raw, ImageFormat.RAW);
        DiskImage second = open(image, ImageFormat.QCOW2)) {
      assertThat(Comparison.run(first, second, false, 2, new JobControl()))
          .isEqualTo(new ComparisonResult.Identical(false));
    }

    assertThat(calls.of("nextHole")).isBetween(1, 4);
    assertThat(calls.of("nextData")).isBetween(1, 6);
  }

  @Test
  void layersInTurnAreNotAskedAgainEachTime() throws Exception {
    QemuTools qemu = QemuTools.require().in(directory);
    Path base = directory.resolve("base.qcow2");
    qemu.create(base, "preallocation=metadata", 17L * PIECE);
    qemu.io(base, "write -P 3 0 " + 16L * PIECE);
    Path overlay = directory.resolve("overlay.qcow2");
    qemu.createOverlay(overlay, "", base.toString(), "qcow2");
    for (int piece = 0; piece < 16; piece++) {
      qemu.io(overlay, "write -P 1 " + (long) piece * PIECE + " 64k");
    }
    convert(overlay, ImageFormat.QCOW2);

    assertThat(calls.of("nextHole")).isBetween(1, 6);
  }

  @Test
  void compressedClustersAreTakenAndWrittenAPieceAtATime() throws Exception {
    QemuTools qemu = QemuTools.require().in(directory);
    Path raw = rawWithTail(4 * PIECE, 0);
    Path image = directory.resolve("compressed.qcow2");
    qemu.img("convert", "-c", "-f", "raw", "-O", "qcow2", raw.toString(), image.toString())
        .orFail();
    convert(image, ImageFormat.QCOW2);

    assertThat(calls.of("write"))
        .as("a new file's first block, then piece by piece")
        .isEqualTo(1 + 4);
  }

  @Test
  void storingBeginsWhileMuchIsYetToBeWritten() throws Exception {
    convert(rawWithTail(80 << 20, 0), ImageFormat.RAW);

    assertThat(calls.of("startWriteback")).isEqualTo(2);
  }

  @Test
  void ofALittleDataStoringBeginsWithTheSync() throws Exception {
    convert(rawWithTail(8 << 20, 0), ImageFormat.RAW);

    assertThat(calls.of("startWriteback")).isZero();
  }

  /** A raw file of data without a block of zeros, followed by a hole. */
  private Path rawWithTail(int dataBytes, long holeBytes) throws IOException {
    Path path = directory.resolve("source.raw");
    ByteBuffer data = ByteBuffer.wrap(Workbench.halfRandomBytes(PIECE, 5));
    try (BlockFile file = Volumes.host().open(path, OpenOptions.creatingNew())) {
      for (int done = 0; done < dataBytes; done += PIECE) {
        file.write(data.duplicate(), done);
      }
      file.truncate(dataBytes + holeBytes);
    }
    return path;
  }

  private DiskImage open(Path image, ImageFormat format) throws IOException {
    return DiskImages.open(volume, image, ReferencePolicy.allow(), ImageOptions.of(format));
  }

  private void convert(Path source, ImageFormat format) throws IOException {
    Path to = directory.resolve("target.raw");
    try (DiskImage disk = open(source, format);
        ConvertTarget target = RawTargets.create(volume, to, disk.virtualSize())) {
      Conversion.run(
          List.of(disk),
          target,
          ConvertOptions.DEFAULT,
          new JobControl(),
          (offset, length, cause) -> {});
    }
  }
}
