package io.github.qcow4j.qcow2.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
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
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/**
 * One call after the other fails while a snapshot is taken: what is told says whether it is there.
 */
final class SnapshotTakenTest {

  private static final Path IMAGE = Path.of("/disk.qcow2");
  private static final int SIZE = 1 << 20;

  /** What a caller is told. */
  private enum Told {
    TAKEN,
    TAKEN_BEFORE_A_FAILURE,
    FAILED
  }

  @Test
  void aFailureAfterwardsIsNotToldAsOneOfTheSnapshot() throws IOException {
    int afterwards = 0;
    int before = 0;
    Told told = Told.FAILED;
    for (long nth = 1; told != Told.TAKEN; nth++) {
      SimulatedVolume volume = prepared();
      volume.faults().failCall(nth, Errno.EIO);
      told = takeSnapshot(volume);
      volume.faults().none();
      if (told == Told.TAKEN_BEFORE_A_FAILURE) {
        afterwards++;
        assertThat(snapshots(volume)).as("call %d", nth).isOne();
      } else if (told == Told.FAILED) {
        before++;
        assertThat(afterwards).as("call %d, behind the snapshot", nth).isZero();
      }
      assertNotCorrupt(volume);
    }
    assertThat(before).isPositive();
    assertThat(afterwards).isPositive();
  }

  private static Told takeSnapshot(SimulatedVolume volume) {
    boolean taken = false;
    try (Qcow2Image disk = open(volume)) {
      disk.createSnapshot("one", Instant.EPOCH);
      taken = true;
    } catch (SnapshotTakenException e) {
      return Told.TAKEN_BEFORE_A_FAILURE;
    } catch (IOException e) {
      return taken ? Told.TAKEN : Told.FAILED;
    }
    return Told.TAKEN;
  }

  private static SimulatedVolume prepared() throws IOException {
    SimulatedVolume volume = SimulatedVolume.create();
    ImageCreation.create(volume, IMAGE, ImageSpec.ofSize(SIZE));
    try (Qcow2Image disk = open(volume)) {
      disk.write(0, ByteBuffer.wrap(new byte[] {1, 2, 3}));
    }
    return volume;
  }

  private static Qcow2Image open(SimulatedVolume volume) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.QCOW2).withWriting();
    return (Qcow2Image) DiskImages.open(volume, IMAGE, ReferencePolicy.deny(), options);
  }

  private static int snapshots(SimulatedVolume volume) throws IOException {
    try (Qcow2Image disk = open(volume)) {
      return disk.snapshots().size();
    }
  }

  private static void assertNotCorrupt(SimulatedVolume volume) throws IOException {
    try (ImageCheck check = ImageCheck.open(volume, IMAGE)) {
      assertThat(check.run(finding -> {}, new JobControl()).outcome())
          .isIn(Outcome.CONSISTENT, Outcome.LEAKING);
    }
  }
}
