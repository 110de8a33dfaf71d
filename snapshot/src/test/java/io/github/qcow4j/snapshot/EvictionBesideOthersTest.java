package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CollectRequest;
import io.github.qcow4j.snapshot.model.Collected;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.Snapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Defect: a collection that is to keep some snapshots went by the names of those there were when it
 * began, whatever others had done to them since. Here that happens once the first of three is gone.
 */
class EvictionBesideOthersTest {

  private static final CollectRequest KEEP_ONE = new CollectRequest(false, 1, null, null);

  @TempDir private Path directory;

  private BoxHome home;
  private BoxHome other;

  /** What others do once the first snapshot is gone. */
  @FunctionalInterface
  private interface Meanwhile {
    void happen() throws IOException;
  }

  @BeforeEach
  void makeBox() throws Exception {
    HomeOptions options = HomeOptions.of(directory.resolve("home"));
    home = BoxHome.open(options);
    other = BoxHome.open(options);
    create("web");
    for (String name : List.of("one", "two", "three")) {
      home.snapshot("web", name, "");
    }
  }

  @AfterEach
  void close() throws Exception {
    Observation.requireAgreement(home, Volumes.host());
    other.close();
    home.close();
  }

  private void create(String name) throws IOException {
    DiskSource empty = new DiskSource.Empty(BoxDisk.ROOT, 1 << 20);
    other.create(new CreateRequest(name, List.of(empty)), new JobControl());
  }

  private List<String> collect(Meanwhile meanwhile) throws IOException {
    List<String> told = new ArrayList<>();
    home.collect(
        KEEP_ONE,
        line -> {
          told.add(inWords(line));
          if (told.size() == 1) {
            happen(meanwhile);
          }
        },
        new JobControl());
    return told;
  }

  private static String inWords(Collected line) {
    assertThat(line.failed()).isFalse();
    return (line.removed() ? "gone " : "kept ") + line.name();
  }

  private static void happen(Meanwhile meanwhile) {
    try {
      meanwhile.happen();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> names(String box) throws IOException {
    return home.snapshots(box).stream().map(Snapshot::name).toList();
  }

  @Test
  void aSnapshotThatWasMadeAnewMeanwhileUnderTheSameNameStays() throws Exception {
    List<String> told =
        collect(() -> {
          other.mergeSnapshot("web", "two", new JobControl());
          other.snapshot("web", "two", "the newest");
        });
    assertThat(told).containsExactly("gone web/one", "kept web/two");
    assertThat(names("web")).containsExactly("two", "three");
  }

  @Test
  void aSnapshotThatSomebodyElseRemovedIsNotMadeUpForByTheNextOne() throws Exception {
    List<String> told = collect(() -> other.mergeSnapshot("web", "two", new JobControl()));
    assertThat(told).containsExactly("gone web/one", "kept web/two");
    assertThat(names("web")).containsExactly("three");
  }

  @Test
  void aSnapshotThatWasUsedMeanwhileStaysAndTheNextOneGoesForIt() throws Exception {
    List<String> told =
        collect(() ->
            other.cloneBox(
                new CloneRequest("web", "two", List.of("twin"), false), new JobControl()));
    assertThat(told).containsExactly("gone web/one", "kept web/two", "gone web/three");
    assertThat(names("web")).containsExactly("two");
  }

  @Test
  void theSnapshotsOfABoxThatWasRenamedMeanwhileStayAsDoThoseOfItsSuccessor() throws Exception {
    List<String> told =
        collect(() -> {
          other.rename("web", "former");
          create("web");
          other.snapshot("web", "two", "");
        });
    assertThat(told).containsExactly("gone web/one", "kept web/two", "kept web/three");
    assertThat(names("former")).containsExactly("three", "two");
    assertThat(names("web")).containsExactly("two");
  }
}
