package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.journal.Step;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Snapshot;
import io.github.qcow4j.snapshot.model.SnapshotRequest;
import io.github.qcow4j.snapshot.quiesce.OnQuiesceFailure;
import io.github.qcow4j.snapshot.quiesce.QuiesceMode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A snapshot or clone that first has to shorten chains, and is stopped while it does. */
class CancelledShorteningTest {

  private static final Volume VOLUME = Volumes.host();
  private static final int DISK_BYTES = 1 << 20;
  private static final int LAYERS = 5;

  /** Hundreds of syncs are not what this is about. */
  @TempDir(factory = MemoryFolder.class)
  Path directory;

  private BoxHome home;
  private JobControl control = new JobControl();
  private @Nullable Step end;

  @BeforeEach
  void aBoxOfTwoDisksWhoseChainsAreAsLongAsTheyMayBe() throws Exception {
    HomeOptions options = HomeOptions.of(directory.resolve("home")).withMaxChainLayers(LAYERS);
    home = ObservedHome.open(options, this::seen);
    List<DiskSource> disks =
        List.of(
            new DiskSource.Empty(BoxDisk.ROOT, DISK_BYTES),
            new DiskSource.Empty("data", DISK_BYTES));
    home.create(new CreateRequest("web", disks), control);
    for (int at = 0; at < LAYERS - 1; at++) {
      write(at);
      home.snapshot("web", "s" + at, "");
    }
    write(LAYERS);
    assertThat(depths()).containsExactly(LAYERS, LAYERS);
  }

  @AfterEach
  void close() throws Exception {
    Observation.requireAgreement(home, VOLUME);
    home.close();
  }

  private void seen(Step step) {
    if (step == end) {
      control.cancel();
    }
  }

  private void write(int seed) throws IOException {
    for (BoxDisk disk : home.show("web").disks()) {
      DiskBytes.write(VOLUME, disk.path(), seed * 65_536L, 5000, seed + disk.role().length());
    }
  }

  private List<Integer> depths() throws IOException {
    return home.show("web").disks().stream().map(BoxDisk::chainDepth).toList();
  }

  private List<String> content() throws IOException {
    List<String> content = new ArrayList<>();
    for (BoxDisk disk : home.show("web").disks()) {
      content.add(DiskBytes.digest(DiskBytes.read(VOLUME, disk.path())));
    }
    return content;
  }

  private void snapshot() throws IOException {
    SnapshotRequest request =
        new SnapshotRequest("web", "new", "", new QuiesceMode.Auto(), OnQuiesceFailure.ABORT);
    home.snapshot(request, control);
  }

  private void copy() throws IOException {
    home.cloneBox(new CloneRequest("web", null, List.of("new"), false), control);
  }

  private void requireOldContentAndNothingHalf(List<String> before) throws Exception {
    assertThat(content()).isEqualTo(before);
    assertThat(home.snapshots("web")).extracting(Snapshot::name).doesNotContain("new");
    assertThat(home.list()).extracting(Box::name).containsExactly("web");
    assertThat(home.collect(CollectRequest.ofGarbage(false), new JobControl())).isEmpty();
    Observation.requireAgreement(home, VOLUME);
  }

  /** In the first disk's shortening, and between both. */
  @ParameterizedTest
  @EnumSource(names = {"INTENT_COMMITTED", "RESULT_COMMITTED"})
  void aSnapshotThatIsStoppedIsNotMadeAndCanBeMadeLater(Step at) throws Exception {
    List<String> before = content();
    end = at;
    assertThatThrownBy(this::snapshot).isInstanceOf(JobCancelledException.class);
    requireOldContentAndNothingHalf(before);
    assertThat(depths().getLast()).isEqualTo(LAYERS);
    end = null;
    control = new JobControl();
    snapshot();
    assertThat(content()).isEqualTo(before);
    assertThat(depths()).allMatch(depth -> depth <= LAYERS);
  }

  @ParameterizedTest
  @EnumSource(names = {"INTENT_COMMITTED", "RESULT_COMMITTED"})
  void aCloneThatIsStoppedIsNotMadeAndCanBeMadeLater(Step at) throws Exception {
    List<String> before = content();
    end = at;
    assertThatThrownBy(this::copy).isInstanceOf(JobCancelledException.class);
    requireOldContentAndNothingHalf(before);
    end = null;
    control = new JobControl();
    copy();
    assertThat(content()).isEqualTo(before);
  }

  @Test
  void aTimeThatIsOverStopsItToo() throws Exception {
    List<String> before = content();
    control = new JobControl().withTimeout(-1);
    assertThatThrownBy(this::snapshot).isInstanceOf(JobCancelledException.class);
    requireOldContentAndNothingHalf(before);
  }
}
