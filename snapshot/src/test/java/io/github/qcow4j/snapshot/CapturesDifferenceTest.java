package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.LoopFileSystem.Kind;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskDifference;
import io.github.qcow4j.snapshot.model.DiskDifference.Range;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.HeldBox;
import io.github.qcow4j.snapshot.model.Holder;
import io.github.qcow4j.snapshot.model.SnapshotRequest;
import io.github.qcow4j.snapshot.quiesce.OnQuiesceFailure;
import io.github.qcow4j.snapshot.quiesce.QuiesceMode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Captures of a running box are files of their own that share storage with each other. */
class CapturesDifferenceTest {

  private static final Volume VOLUME = Volumes.host();
  private static final int CLUSTER = 65536;
  private static final int SIZE = 64 * CLUSTER;

  private static void write(BoxHome home, long offset, int length, int seed) throws IOException {
    DiskBytes.write(VOLUME, home.path("web", BoxDisk.ROOT), offset, length, seed);
  }

  private static CopyMethod capture(BoxHome home, String name) throws IOException {
    SnapshotRequest request =
        new SnapshotRequest("web", name, "", new QuiesceMode.None(), OnQuiesceFailure.ABORT);
    return home.snapshot(request, new JobControl()).method();
  }

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"XFS", "BTRFS"})
  void onlyWhatWasWrittenBetweenThemDiffers(Kind kind) throws Exception {
    Path directory = LoopFileSystem.shared(kind).newDirectory();
    try (BoxHome home = BoxHome.open(HomeOptions.of(directory.resolve("home")))) {
      DiskSource root = new DiskSource.Empty(BoxDisk.ROOT, SIZE);
      home.create(new CreateRequest("web", List.of(root)), new JobControl());
      write(home, 0, 32 * CLUSTER, 1);
      try (HeldBox _ = home.hold("web", Holder.ofThisProcess("test"))) {
        assertThat(capture(home, "one")).isEqualTo(CopyMethod.REFLINK);
        // In place, in a new cluster, and across two.
        write(home, 5 * CLUSTER, 4096, 2);
        write(home, 40 * CLUSTER, CLUSTER, 3);
        write(home, 21 * CLUSTER - 8192, 16384, 4);
        assertThat(capture(home, "two")).isEqualTo(CopyMethod.REFLINK);
      }
      write(home, 7 * CLUSTER + 4096, 4096, 5);

      DiskDifference between = home.diff("web", "one", "two").getFirst();
      DiskDifference since = home.diff("web", "two", null).getFirst();
      assertThat(between.ranges())
          .containsExactly(
              new Range(5 * CLUSTER, 4096),
              new Range(21 * CLUSTER - 8192, 16384),
              new Range(40 * CLUSTER, CLUSTER));
      assertThat(since.ranges()).containsExactly(new Range(7 * CLUSTER + 4096, 4096));
      requireTold(home, between, home.snapshotPath("web", "one", BoxDisk.ROOT));
    }
  }

  /** Whatever differs is told. */
  private static void requireTold(BoxHome home, DiskDifference difference, Path old)
      throws IOException {
    byte[] before = DiskBytes.read(VOLUME, old);
    byte[] after = DiskBytes.read(VOLUME, home.snapshotPath("web", "two", BoxDisk.ROOT));
    assertThat(before).isNotEqualTo(after);
    for (Range range : difference.ranges()) {
      int from = Math.toIntExact(range.guestOffset());
      int to = Math.toIntExact(range.guestOffset() + range.lengthBytes());
      Arrays.fill(before, from, to, (byte) 0);
      Arrays.fill(after, from, to, (byte) 0);
    }
    assertThat(before).isEqualTo(after);
  }
}
