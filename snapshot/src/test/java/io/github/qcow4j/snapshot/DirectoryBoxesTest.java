package io.github.qcow4j.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.CopyMethod;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.ReferenceDeniedException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.rebase.BackingName;
import io.github.qcow4j.qcow2.rebase.Rebase;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.error.RefusedException;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxDisk;
import io.github.qcow4j.snapshot.model.CloneRequest;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.Created;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.HomeFinding;
import io.github.qcow4j.snapshot.transfer.TransferException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Boxes of directories that another program made. */
class DirectoryBoxesTest {

  private static final int SIZE = 1 << 20;
  private static final String FIRECRACKER =
      """
      {"version": 1, "config": {"id": "X1", "name": "vm", "hypervisor": "firecracker"}}
      """;

  private final Volume volume = Volumes.host();
  @TempDir private Path directory;
  private Path source;
  private int exports;
  private BoxHome home;

  @BeforeEach
  void open() throws Exception {
    source = Files.createDirectory(directory.resolve("source"));
    open(ReferencePolicy.sameDirectory());
  }

  private void open(ReferencePolicy externals) throws IOException {
    home = BoxHome.open(HomeOptions.of(directory.resolve("home")).withExternals(externals));
  }

  @AfterEach
  void close() throws Exception {
    Observation.requireAgreement(home, volume);
    assertThat(volume.list(home.stagingDirectory())).isEmpty();
    home.close();
  }

  private static byte[] bytes(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private byte[] content(String box, String role) throws IOException {
    return DiskBytes.read(volume, home.path(box, role));
  }

  @Test
  void rawDisksOfADirectoryBecomeLayersOfWholeSectors() throws Exception {
    byte[] root = bytes(SIZE + 100, 1);
    byte[] logs = bytes(SIZE, 2);
    Files.write(source.resolve("cow.raw"), root);
    Files.write(source.resolve("data-logs.raw"), logs);
    Files.write(source.resolve("mem"), bytes(1000, 3));
    Files.writeString(source.resolve("snapshot.json"), FIRECRACKER);
    Created made =
        home.cloneDirectory(source, List.of("a", "b"), IntakeLimits.DEFAULT, new JobControl());
    assertThat(made.method()).isIn((Object[]) CopyMethod.values());
    for (Box box : made.boxes()) {
      assertThat(box.disks()).extracting(BoxDisk::role).containsExactly("root", "logs");
      assertThat(content(box.name(), "root")).isEqualTo(Arrays.copyOf(root, SIZE + 512));
      assertThat(content(box.name(), "logs")).isEqualTo(logs);
    }
    assertThat(volume.list(directory.resolve("home/layers"))).hasSize(2);
    DiskBytes.write(volume, home.path("a", "logs"), 0, 5000, 4);
    assertThat(content("b", "logs")).isEqualTo(logs);
    home.restoreDirectory("a", source, true, IntakeLimits.DEFAULT, new JobControl());
    assertThat(content("a", "logs")).isEqualTo(logs);
    assertThat(home.check(false, new JobControl()).lines()).isEmpty();
    home.undo("a");
    assertThat(content("a", "logs")).isNotEqualTo(logs);
  }

  @Test
  void otherFilesOfADirectoryGoWithTheLiveDisks() throws Exception {
    Files.write(source.resolve("cow.raw"), bytes(SIZE, 1));
    Files.write(source.resolve("mem"), bytes(70_000, 2));
    Files.writeString(source.resolve("cocoon.json"), "{}");
    Files.writeString(source.resolve("snapshot.json"), FIRECRACKER);
    home.cloneDirectory(source, List.of("a", "b"), IntakeLimits.DEFAULT, new JobControl());
    cloneOf("a", "c");
    assertCarried("c", source);
    assertThat(volume.list(directory.resolve("home/files"))).hasSize(2);

    Path other = Files.createDirectory(directory.resolve("other"));
    Files.write(other.resolve("cow.raw"), bytes(SIZE, 3));
    Files.write(other.resolve("mem"), bytes(50_000, 4));
    Files.writeString(other.resolve("snapshot.json"), FIRECRACKER);
    home.restoreDirectory("a", other, true, IntakeLimits.DEFAULT, new JobControl());
    Path exported = assertCarried("a", other);
    assertThat(exported.resolve("cocoon.json")).doesNotExist();
    assertCarried("b", source);
    home.undo("a");
    assertCarried("a", source);
    assertThat(volume.list(directory.resolve("home/files"))).hasSize(2);

    // What was exported is taken in again, with its files.
    home.cloneDirectory(exported, List.of("d"), IntakeLimits.DEFAULT, new JobControl());
    assertCarried("d", other);
    home.snapshot("d", "s", "");
    home.remove("a", true);
    home.remove("b", true);
    assertThat(volume.list(directory.resolve("home/files"))).hasSize(3);
    home.remove("c", true);
    assertThat(volume.list(directory.resolve("home/files"))).hasSize(1);
    String left = volume.list(directory.resolve("home/files")).getFirst();
    Files.delete(directory.resolve("home/files").resolve(left));
    assertThat(home.check(false, new JobControl()).remaining())
        .singleElement()
        .isEqualTo(new HomeFinding.MissingFile("files/" + left, List.of("'mem' of box 'd'")));
    home.remove("d", true);
  }

  private void cloneOf(String box, String name) throws IOException {
    home.cloneBox(new CloneRequest(box, null, List.of(name), false), new JobControl());
  }

  /** Exports the box; the export has the directory's other files, byte for byte. */
  private Path assertCarried(String box, Path from) throws Exception {
    exports++;
    Path exported = directory.resolve("exported" + exports);
    home.exportDirectory(box, null, exported, new JobControl());
    for (String name : volume.list(from)) {
      if (!name.equals("snapshot.json") && !name.endsWith(".raw")) {
        assertThat(exported.resolve(name)).hasSameBinaryContentAs(from.resolve(name));
      }
    }
    return exported;
  }

  @Test
  void aFileThatHasTheNameOfADiskIsRefused() throws Exception {
    Files.write(source.resolve("cow.raw"), bytes(SIZE, 1));
    Files.write(source.resolve("root.qcow2"), bytes(100, 2));
    Files.writeString(source.resolve("snapshot.json"), FIRECRACKER);
    assertThatThrownBy(
            () -> home.cloneDirectory(source, List.of("a"), IntakeLimits.DEFAULT, new JobControl()))
        .isInstanceOf(RefusedException.class)
        .hasMessageContaining("root.qcow2");
    assertThat(home.list()).isEmpty();
  }

  @Test
  void anOverlayOfADirectoryStaysOnItsBaseWhereThatIsAllowed() throws Exception {
    byte[] base = bytes(SIZE, 5);
    Path image = Files.write(directory.resolve("base.raw"), base);
    makeOverlay(image);
    assertThatThrownBy(
            () -> home.cloneDirectory(source, List.of("a"), IntakeLimits.DEFAULT, new JobControl()))
        .isInstanceOf(ReferenceDeniedException.class);
    home.close();
    open(ReferencePolicy.under(directory));
    home.cloneDirectory(source, List.of("a"), IntakeLimits.DEFAULT, new JobControl());
    byte[] content = content("a", "root");
    assertThat(Arrays.mismatch(content, base)).isZero();
    assertThat(Arrays.copyOfRange(content, 65536, SIZE))
        .isEqualTo(Arrays.copyOfRange(base, 65536, SIZE));
    home.restoreDirectory("a", source, true, IntakeLimits.DEFAULT, new JobControl());
    assertThat(content("a", "root")).isEqualTo(content);
    assertThat(home.check(false, new JobControl()).lines()).isEmpty();
  }

  /** Over the base by its absolute name, with other bytes in its first cluster. */
  private void makeOverlay(Path base) throws Exception {
    DiskSource root = new DiskSource.Overlay(BoxDisk.ROOT, base, null);
    home.create(new CreateRequest("maker", List.of(root)), new JobControl());
    Path live = home.path("maker", BoxDisk.ROOT);
    DiskBytes.write(volume, live, 0, 65536, 6);
    Files.copy(live, source.resolve("overlay.qcow2"));
    home.remove("maker", false);
    Rebase.rename(
        volume,
        source.resolve("overlay.qcow2"),
        ImageOptions.of(ImageFormat.QCOW2),
        new BackingName(base.toString(), "raw"));
    Files.writeString(source.resolve("snapshot.json"), FIRECRACKER);
  }

  @Test
  void aDamagedDirectoryLeavesNothingBehind() throws Exception {
    Files.write(source.resolve("overlay.qcow2"), bytes(SIZE, 7));
    Files.writeString(source.resolve("snapshot.json"), FIRECRACKER);
    assertThatThrownBy(
            () -> home.cloneDirectory(source, List.of("a"), IntakeLimits.DEFAULT, new JobControl()))
        .isInstanceOf(TransferException.class);
    assertThat(home.list()).isEmpty();
  }
}
