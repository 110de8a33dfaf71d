package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.error.InUseException;
import io.github.qcow4j.snapshot.model.ExportRequest;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** A guest that writes all the time, while its box is worked on. */
class WritePressureScenarioTest extends ScenarioHome {

  private static final Patch MARKER = at(0, 99);

  /** Writes and syncs, again and again, beside a marker that is there from the beginning. */
  private static final class BusyGuest implements Closeable {

    private final RunningBox running;
    private final FutureTask<Void> work;
    private volatile boolean enough;

    BusyGuest(BoxUnderTest box) throws IOException, InterruptedException {
      running = box.run();
      running.guest().write(MARKER);
      CountDownLatch underWay = new CountDownLatch(3);
      work =
          new FutureTask<>(() -> {
            for (int round = 0; !enough; round++) {
              running.guest().write(at(1 + round % 6, 1 + round % 90));
              running.guest().scribble(at(7, 1 + round % 90));
              underWay.countDown();
            }
            return null;
          });
      Thread.ofVirtual().start(work);
      underWay.await();
    }

    @Override
    public void close() throws IOException {
      enough = true;
      try (running) {
        work.get();
      } catch (ExecutionException | InterruptedException e) {
        throw new IOException(e);
      }
    }
  }

  @Test
  @Scenario(48)
  void aSnapshotUnderPressureIsSoundAndHasWhatWasSynced() throws Exception {
    BoxUnderTest box = create("web");
    try (BusyGuest _ = new BusyGuest(box)) {
      box.capture("first");
      box.capture("second");
    }
    box.readsIn("first", MARKER).readsIn("second", MARKER).reads(MARKER);
    box.restore("first").reads(MARKER).write(at(2, 5)).reads(at(2, 5));
  }

  @Test
  @Scenario(49)
  void aRunningBoxIsClonedThroughASnapshot() throws Exception {
    BoxUnderTest box = create("web");
    try (BusyGuest _ = new BusyGuest(box)) {
      assertThatThrownBy(() -> cloneLive("web", "twin"))
          .isInstanceOf(InUseException.class)
          .hasMessageContaining("qemu-io");
      box.capture("now");
      cloneOf("web", "now", "twin");
      try (RunningBox twin = box("twin").run()) {
        twin.guest().reads(MARKER);
        twin.guest().write(at(3, 77));
      }
    }
    box("twin").reads(MARKER, at(3, 77));
  }

  @Test
  @Scenario(50)
  void snapshotsInQuickSuccessionEachHaveTheirMoment() throws Exception {
    BoxUnderTest box = create("web");
    for (int round = 1; round <= 5; round++) {
      box.write(round).snapshot("s" + round);
    }
    for (int round : new int[] {1, 3, 5}) {
      box.restore("s" + round).reads(round);
    }
  }

  @Test
  @Scenario(51)
  void aRunningBoxIsExportedThroughASnapshot() throws Exception {
    BoxUnderTest box = create("web");
    Path archive;
    try (BusyGuest _ = new BusyGuest(box)) {
      assertThatThrownBy(box::export).isInstanceOf(InUseException.class);
      box.capture("now");
      archive = export(new ExportRequest("web", "now", Compression.ZSTD, 3), "now");
    }
    importArchive(archive, "back").reads(MARKER);
  }
}
