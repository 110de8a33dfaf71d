package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.check.CheckReport.Outcome;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.header.HeaderParser;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.header.UnknownBytes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.snapshot.SnapshotTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A snapshot is taken with memory for one table, so that clusters are written before all is known,
 * and one call after the other fails. Up to the switch the file is afterwards what it was, to the
 * byte and in length; from the switch on nothing is cut off, since the header may lead there.
 */
final class AbandonedSwitchTest {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int SIZE = 1 << 20;

  @ParameterizedTest
  @ValueSource(strings = {"pwrite", "fdatasync"})
  void beforeTheSwitchTheFileIsWhatItWasAndAfterwardsNothingIsCutOff(String call)
      throws IOException {
    long calls = callsOf(call);
    assertThat(calls).isGreaterThan(call.equals("pwrite") ? 10L : 1L);
    for (long nth = 1; nth <= calls; nth++) {
      SimulatedVolume volume = prepared();
      long contentBefore = volume.contentHash(IMAGE);
      long bytesBefore = volume.status(IMAGE).sizeBytes();
      volume.faults().only(call).failCall(nth, Errno.ENOSPC);
      assertThat(takeSnapshot(volume)).as("%s %d", call, nth).isEqualTo(Errno.ENOSPC);
      volume.faults().none();
      if (nth < calls) {
        assertThat(volume.status(IMAGE).sizeBytes()).as("%s %d", call, nth).isEqualTo(bytesBefore);
        assertThat(volume.contentHash(IMAGE)).as("%s %d", call, nth).isEqualTo(contentBefore);
      } else {
        // The write of the header failed, or only the sync after it.
        assertThat(volume.status(IMAGE).sizeBytes()).isGreaterThan(bytesBefore);
        assertThat(snapshots(volume)).hasSize(call.equals("pwrite") ? 0 : 1);
      }
      assertSound(volume);
    }
  }

  /** A device that is gone cannot be cut either: the failure before is the one that is told. */
  @ParameterizedTest
  @ValueSource(longs = {1, 5})
  void theFirstFailureIsToldWhenTheFileCannotBeCut(long nth) throws IOException {
    SimulatedVolume volume = prepared();
    volume.faults().only("pwrite", "ftruncate").failFrom(nth, Errno.EIO);
    assertThat(takeSnapshot(volume)).isEqualTo(Errno.EIO);
    volume.faults().none();
    assertSound(volume);
  }

  /** How often a snapshot makes this call when nothing fails. */
  private static long callsOf(String call) throws IOException {
    SimulatedVolume volume = prepared();
    volume.faults().only(call);
    assertThat(takeSnapshot(volume)).isNull();
    long calls = volume.faults().calls();
    volume.faults().none();
    assertThat(snapshots(volume)).hasSize(1);
    assertSound(volume);
    return calls;
  }

  /**
   * With sixteen L2 tables that will have to be copied, as their clusters are shared from then on.
   */
  private static SimulatedVolume prepared() throws IOException {
    SimulatedVolume volume = SimulatedVolume.create();
    ImageCreation.create(
        volume,
        IMAGE,
        new ImageSpec(SIZE, 3, 9, 4, CompressionType.ZLIB, false, false, null, null));
    byte[] data = new byte[SIZE / 2];
    Arrays.fill(data, (byte) 7);
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    try (Qcow2Image disk =
        (Qcow2Image) DiskImages.open(volume, IMAGE, ReferencePolicy.deny(), options)) {
      disk.write(0, ByteBuffer.wrap(data));
    }
    return volume;
  }

  /** What failed, or null. */
  private static @Nullable Errno takeSnapshot(SimulatedVolume volume) throws IOException {
    try (BlockFile file = volume.open(IMAGE, OpenOptions.writing())) {
      Qcow2Header header = HeaderParser.parse(file, false);
      WriterOpener opener = new WriterOpener(file, header, List.of(), List.of()).withBudget(1);
      InternalSnapshot draft =
          new InternalSnapshot(
              0, 0, "1", "one", 0, 0, 0, 0, header.virtualSize(), 0, 24, UnknownBytes.NONE);
      long _ =
          new SnapshotChanges(opener.open(null, false, true), file, header, List.of())
              .create(draft);
      return null;
    } catch (SystemCallException e) {
      return Errno.of(e.errno());
    } finally {
      volume.assertNothingOpen();
    }
  }

  private static List<InternalSnapshot> snapshots(SimulatedVolume volume) throws IOException {
    try (BlockFile file = volume.open(IMAGE, OpenOptions.reading())) {
      return SnapshotTable.read(file, HeaderParser.parse(file, false));
    }
  }

  private static void assertSound(SimulatedVolume volume) throws IOException {
    try (ImageCheck check = ImageCheck.open(volume, IMAGE)) {
      assertThat(check.run(finding -> {}, new JobControl()).outcome())
          .isEqualTo(Outcome.CONSISTENT);
    }
  }
}
