package io.github.qcow4j.nativeio.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Bytes;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.RenameMode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;

final class CrashExplorerTest {

  private static final Path FILE = Path.of("/file");

  static byte[] filled(int value, int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  static byte[] contentOf(SimulatedVolume volume, Path path) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.reading())) {
      return Bytes.read(file, 0, (int) file.size());
    }
  }

  static SimulatedVolume volumeWithFile(byte[] content) throws IOException {
    SimulatedVolume volume = SimulatedVolume.create();
    try (BlockFile file = volume.open(FILE, OpenOptions.creatingNew())) {
      Bytes.write(file, content, 0);
    }
    volume.settle();
    return volume;
  }

  /** The distinct contents of the file over all crash states, as text. */
  private static Set<String> contents(SimulatedVolume volume, int sectorBytes) {
    Set<String> contents = ConcurrentHashMap.newKeySet();
    CrashExplorer.of(volume)
        .sectorBytes(sectorBytes)
        .limitPerPoint(4096)
        .explore(state -> {
          byte[] content = contentOf(state.volume(), FILE);
          StringBuilder text = new StringBuilder();
          for (int at = 0; at < content.length; at += 512) {
            byte first = content[at];
            int end = Math.min(at + 512, content.length);
            for (byte each : Arrays.copyOfRange(content, at, end)) {
              assertThat(each).isEqualTo(first);
            }
            text.append((char) ('0' + first));
          }
          contents.add(text.toString());
        });
    return contents;
  }

  @Test
  void whatWasSyncedIsInEveryState() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 512));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      Bytes.write(file, filled(2, 512), 0);
      file.sync();
    }
    volume.settle();
    assertThat(contents(volume, 512)).containsExactly("2");
  }

  @Test
  void anUnsyncedWriteIsThereOrNot() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 512));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      Bytes.write(file, filled(2, 512), 0);
    }
    assertThat(contents(volume, 512)).containsExactlyInAnyOrder("1", "2");
  }

  @Test
  void beforeItsSyncAWriteMayBeMissing() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 512));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      Bytes.write(file, filled(2, 512), 0);
      file.sync();
      Bytes.write(file, filled(3, 512), 0);
    }
    assertThat(contents(volume, 512)).containsExactlyInAnyOrder("1", "2", "3");
  }

  @Test
  void writesAreReorderedBetweenSyncs() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 1024));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      Bytes.write(file, filled(2, 512), 0);
      Bytes.write(file, filled(3, 512), 512);
    }
    assertThat(contents(volume, 512)).containsExactlyInAnyOrder("11", "21", "13", "23");
  }

  @Test
  void writesAreTornBetweenSectorsAndNotInsideThem() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 2048));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      Bytes.write(file, filled(2, 2048), 0);
    }
    assertThat(contents(volume, 512)).contains("1111", "2222", "2111", "2211", "1222").hasSize(16);
    assertThat(contents(volume, 4096)).containsExactlyInAnyOrder("1111", "2222");
  }

  @Test
  void aSectorWrittenTwiceHasEitherVersionAndTheNewerContainsTheOlder() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 512));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      Bytes.write(file, filled(2, 256), 0);
      Bytes.write(file, filled(3, 256), 256);
    }
    Set<String> versions = ConcurrentHashMap.newKeySet();
    CrashExplorer.of(volume)
        .explore(state -> {
          byte[] content = contentOf(state.volume(), FILE);
          versions.add(content[0] + "," + content[256]);
        });
    assertThat(versions).containsExactlyInAnyOrder("1,1", "2,1", "2,3");
  }

  @Test
  void aLengthMayBeKeptWithoutItsBytes() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 512));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      Bytes.write(file, filled(2, 1024), 512);
    }
    assertThat(contents(volume, 512)).containsExactlyInAnyOrder("1", "100", "120", "102", "122");
  }

  @Test
  void holesAndLengthsArePendingLikeBytes() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 1024));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      file.punchHole(0, 512);
      file.truncate(512);
    }
    assertThat(contents(volume, 512)).containsExactlyInAnyOrder("11", "01", "1", "0");
  }

  @Test
  void aNewNameIsLostUntilItsDirectoryIsSynced() throws IOException {
    SimulatedVolume volume = SimulatedVolume.create();
    Path other = Path.of("/other");
    try (BlockFile file = volume.open(FILE, OpenOptions.creatingNew());
        BlockFile second = volume.open(other, OpenOptions.creatingNew())) {
      Bytes.write(file, filled(1, 512), 0);
      file.syncAll();
      second.syncAll();
    }
    Set<String> lists = ConcurrentHashMap.newKeySet();
    CrashReport report =
        CrashExplorer.of(volume)
            .explore(state -> lists.add(state.volume().list(Path.of("/")).toString()));
    assertThat(lists).containsExactlyInAnyOrder("[]", "[file]", "[other]", "[file, other]");
    assertThat(report.exhaustivePoints()).isEqualTo(report.points());

    lists.clear();
    CrashExplorer.of(volume)
        .namesInOrder()
        .explore(state -> lists.add(state.volume().list(Path.of("/")).toString()));
    assertThat(lists).containsExactlyInAnyOrder("[]", "[file]", "[file, other]");

    volume.syncDirectory(Path.of("/"));
    volume.mark("synced");
    CrashExplorer.of(volume)
        .explore(state -> {
          if (state.marks().contains("synced")) {
            assertThat(state.volume().list(Path.of("/"))).containsExactly("file", "other");
          }
        });
  }

  @Test
  void aRenameIsOneStep() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 512));
    volume.createDirectory(Path.of("/inner"));
    volume.settle();
    volume.rename(FILE, Path.of("/inner/moved"), RenameMode.REPLACE);
    CrashExplorer.of(volume)
        .explore(state -> {
          int names =
              state.volume().list(Path.of("/")).size()
                  + state.volume().list(Path.of("/inner")).size();
          assertThat(names).isEqualTo(2);
        });
  }

  /** What lists of the two directories a power cut may leave of a rename between them. */
  private static Set<String> listsAfterARename(RenameSteps steps, String synced)
      throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 512));
    volume.createDirectory(Path.of("/inner"));
    volume.settle();
    volume.rename(FILE, Path.of("/inner/moved"), RenameMode.REPLACE);
    if (!synced.isEmpty()) {
      volume.syncDirectory(Path.of(synced));
      volume.mark("synced");
    }
    Set<String> lists = ConcurrentHashMap.newKeySet();
    CrashExplorer.of(volume)
        .renames(steps)
        .explore(state -> {
          if (synced.isEmpty() || state.marks().contains("synced")) {
            lists.add(
                state.volume().list(Path.of("/")) + "" + state.volume().list(Path.of("/inner")));
          }
        });
    return lists;
  }

  @Test
  void aRenameBetweenTwoDirectoriesMayReachTheDiskInTwoSteps() throws IOException {
    String before = "[file, inner][]";
    String both = "[file, inner][moved]";
    String after = "[inner][moved]";
    String lost = "[inner][]";
    assertThat(listsAfterARename(RenameSteps.ONE, "")).containsExactlyInAnyOrder(before, after);
    assertThat(listsAfterARename(RenameSteps.NEW_NAME_FIRST, ""))
        .containsExactlyInAnyOrder(before, both, after);
    assertThat(listsAfterARename(RenameSteps.ANY_ORDER, ""))
        .containsExactlyInAnyOrder(before, both, after, lost);
  }

  @Test
  void theSyncOfOneDirectoryMakesItsPartOfARenameDurableAndWhatComesBeforeIt() throws IOException {
    String both = "[file, inner][moved]";
    String after = "[inner][moved]";
    for (String directory : new String[] {"/", "/inner"}) {
      assertThat(listsAfterARename(RenameSteps.ONE, directory)).containsExactly(after);
    }
    assertThat(listsAfterARename(RenameSteps.NEW_NAME_FIRST, "/")).containsExactly(after);
    assertThat(listsAfterARename(RenameSteps.NEW_NAME_FIRST, "/inner"))
        .containsExactlyInAnyOrder(both, after);
    assertThat(listsAfterARename(RenameSteps.ANY_ORDER, "/"))
        .containsExactlyInAnyOrder("[inner][]", after);
    assertThat(listsAfterARename(RenameSteps.ANY_ORDER, "/inner"))
        .containsExactlyInAnyOrder(both, after);
  }

  @Test
  void withoutRenameFlagsARenameThatReplacesNothingTakesTwoSteps() throws IOException {
    SimulatedVolume volume =
        SimulatedVolume.create(SimulatedVolume.Options.standard().without(Capability.RENAME_FLAGS));
    volume.open(FILE, OpenOptions.creatingNew()).close();
    volume.settle();
    volume.rename(FILE, Path.of("/moved"), RenameMode.NO_REPLACE);
    Set<String> lists = ConcurrentHashMap.newKeySet();
    CrashExplorer.of(volume)
        .namesInOrder()
        .explore(state -> lists.add(state.volume().list(Path.of("/")).toString()));
    assertThat(lists).containsExactlyInAnyOrder("[file]", "[file, moved]", "[moved]");
  }

  @Test
  void aRenameInTwoStepsThatFailsInTheSecondHasNotHappened() throws IOException {
    SimulatedVolume volume =
        SimulatedVolume.create(
            SimulatedVolume.Options.standard()
                .without(Capability.RENAME_FLAGS)
                .without(Capability.UNNAMED_FILES));
    try (AtomicFile atomic = AtomicFile.create(volume, FILE)) {
      volume.faults().only("unlink").failCall(1, Errno.EIO);
      assertThatThrownBy(() -> atomic.publish(RenameMode.NO_REPLACE))
          .hasMessageContaining("Input/output error");
      assertThat(atomic.published()).isFalse();
      assertThat(volume.exists(FILE)).isFalse();
      volume.faults().none();
      atomic.publish(RenameMode.NO_REPLACE);
    }
    assertThat(volume.list(Path.of("/"))).containsExactly("file");
  }

  @Test
  void anAtomicFileIsOldOrNewInEveryStateAndNewOncePublished() throws IOException {
    for (RenameSteps steps : RenameSteps.values()) {
      anAtomicFileIsOldOrNew(steps, false);
      anAtomicFileIsOldOrNew(steps, true);
    }
  }

  private static void anAtomicFileIsOldOrNew(RenameSteps steps, boolean unnamed)
      throws IOException {
    SimulatedVolume.Options options = SimulatedVolume.Options.standard();
    SimulatedVolume volume =
        SimulatedVolume.create(unnamed ? options : options.without(Capability.UNNAMED_FILES));
    try (BlockFile file = volume.open(FILE, OpenOptions.creatingNew())) {
      Bytes.write(file, filled(1, 5000), 0);
    }
    volume.settle();
    try (AtomicFile atomic = AtomicFile.create(volume, FILE)) {
      Bytes.write(atomic.file(), filled(2, 3000), 0);
      Bytes.write(atomic.file(), filled(2, 6000), 3000);
      atomic.publish(RenameMode.REPLACE);
      volume.mark("published");
    }
    Set<Integer> lengths = ConcurrentHashMap.newKeySet();
    CrashReport report =
        CrashExplorer.of(volume)
            .renames(steps)
            .explore(state -> {
              byte[] content = contentOf(state.volume(), FILE);
              boolean old = Arrays.equals(content, filled(1, 5000));
              boolean now = Arrays.equals(content, filled(2, 9000));
              assertThat(old || now).isTrue();
              assertThat(now || !state.marks().contains("published")).isTrue();
              lengths.add(content.length);
            });
    assertThat(lengths).containsExactlyInAnyOrder(5000, 9000);
    assertThat(report.distinctStates()).isPositive();
  }

  @Test
  void aRenameWithoutASyncBeforeItIsFoundOut() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 5000));
    Path temporary = Path.of("/temporary");
    try (BlockFile file = volume.open(temporary, OpenOptions.creatingNew())) {
      Bytes.write(file, filled(2, 5000), 0);
    }
    volume.rename(temporary, FILE, RenameMode.REPLACE);
    volume.syncDirectory(Path.of("/"));

    CrashExplorer.Check whole =
        state -> {
          byte[] content = contentOf(state.volume(), FILE);
          assertThat(content).isIn((Object) filled(1, 5000), (Object) filled(2, 5000));
        };
    String[] id = new String[1];
    assertThatThrownBy(() -> CrashExplorer.of(volume).seed(5).threads(1).explore(whole))
        .isInstanceOfSatisfying(
            AssertionError.class,
            e -> id[0] = e.getMessage().replaceAll("(?s)crash state (\\S+) .*", "$1"))
        .hasMessageContaining("of seed 5")
        .hasMessageContaining("write 0+5000");
    assertThatThrownBy(() -> CrashExplorer.of(volume).seed(5).only(id[0]).explore(whole))
        .hasMessageContaining("crash state " + id[0]);
  }

  @Test
  void whatAFailedSyncCoveredIsNotMadeDurableByTheNext() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 512));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      Bytes.write(file, filled(2, 512), 0);
      volume.faults().only("fdatasync").failCall(1, Errno.EIO);
      assertThatThrownBy(file::sync).hasMessage("/file: Input/output error");
      volume.faults().none();
      assertThatThrownBy(file::sync).hasMessage("/file: Input/output error");
    }
    try (BlockFile anew = volume.open(FILE, OpenOptions.writing())) {
      anew.sync();
    }
    assertThat(contents(volume, 512)).containsExactlyInAnyOrder("1", "2");
  }

  @Test
  void recoveryCanLosePowerToo() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 512));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      Bytes.write(file, filled(2, 512), 0);
    }
    Set<Integer> values = ConcurrentHashMap.newKeySet();
    CrashExplorer.of(volume)
        .recordingStates()
        .explore(state -> {
          try (BlockFile file = state.volume().open(FILE, OpenOptions.writing())) {
            Bytes.write(file, filled(3, 512), 0);
          }
          CrashExplorer.of(state.volume())
              .threads(1)
              .explore(second -> values.add((int) contentOf(second.volume(), FILE)[0]));
        });
    assertThat(values).containsExactlyInAnyOrder(1, 2, 3);
  }

  @Test
  void theSameSeedGivesTheSameStates() throws IOException {
    SimulatedVolume volume = volumeWithFile(filled(1, 100_000));
    try (BlockFile file = volume.open(FILE, OpenOptions.writing())) {
      for (int i = 0; i < 40; i++) {
        Bytes.write(file, Bytes.random(3000, i), i * 2000L);
      }
    }
    Set<Set<String>> runs = new HashSet<>();
    for (int run = 0; run < 2; run++) {
      Set<String> states = ConcurrentHashMap.newKeySet();
      CrashExplorer.of(volume)
          .seed(9)
          .explore(
              state -> states.add(state.id() + Arrays.hashCode(contentOf(state.volume(), FILE))));
      runs.add(states);
    }
    assertThat(runs).hasSize(1);
    assertThat(runs.iterator().next()).hasSizeGreaterThan(200);
  }
}
