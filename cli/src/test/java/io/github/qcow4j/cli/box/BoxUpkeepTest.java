package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.QemuIo;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What keeps a home small: differences, merges, and collections. */
final class BoxUpkeepTest {

  private static final String METHOD = "\"method\": \"(reflink|kernel_copy|user_copy)\"";

  @TempDir private Path directory;
  private BoxRun box;
  private Path disk;

  @BeforeEach
  void makeBox() throws Exception {
    QemuTools.require();
    box = new BoxRun(directory.resolve("home"));
    box.ok("create", "web", "--size", "1M");
    disk = Path.of(box.ok("path", "web").strip());
    for (int at = 1; at <= 3; at++) {
      QemuIo.run(disk, "write -P " + at + " " + at * 64 + "k 64k");
      box.ok("snapshot", "create", "web", "s" + at);
    }
  }

  @Test
  void theDifferenceOfTwoMomentsIsTold() throws Exception {
    assertThat(box.ok("snapshot", "diff", "web", "s1", "s3"))
        .isEqualTo("DISK  OFFSET  LENGTH\nroot  131072  131072\n128 KiB may differ\n");
    QemuIo.run(disk, "write -P 9 512k 64k");
    assertThat(box.ok("snapshot", "diff", "web", "s3"))
        .isEqualTo("DISK  OFFSET  LENGTH\nroot  524288  65536\n64 KiB may differ\n");
    assertThat(box.ok("snapshot", "diff", "web", "s3", "s3")).isEqualTo("0 B may differ\n");
    assertThat(box.ok("snapshot", "diff", "web", "s1", "s2", "--json"))
        .isEqualTo(
            """
            {
                "disks": [
                    {
                        "role": "root",
                        "old_virtual_size": 1048576,
                        "new_virtual_size": 1048576,
                        "changed_bytes": 65536,
                        "ranges": [
                            {
                                "offset": 131072,
                                "length": 65536
                            }
                        ]
                    }
                ]
            }
            """);
    assertThat(box.fails(3, "snapshot", "diff", "web", "none")).contains("'none'");
    assertThat(box.fails(2, "snapshot", "diff", "web")).contains("--help");
  }

  @Test
  void aSnapshotThatOthersNeedIsMergedIntoThem() throws Exception {
    assertThat(box.fails(5, "snapshot", "rm", "web", "s2")).contains("'s2'", "'s3'", "merge");
    assertThat(box.ok("snapshot", "rm", "web", "s2", "s1", "--merge", "--json"))
        .contains("\"removed\": [")
        .containsPattern(METHOD);
    assertThat(box.ok("snapshot", "tree", "web")).isEqualTo("s3 (snapshot)\n└─ web (box)\n");
    QemuIo.run(disk, "-r", "read -P 1 64k 64k", "read -P 2 128k 64k", "read -P 3 192k 64k");
    Path frozen = Path.of(box.ok("snapshot", "path", "web", "s3").strip());
    QemuIo.run(frozen, "-r", "read -P 1 64k 64k", "read -P 3 192k 64k");
  }

  @Test
  void whatNobodyNeedsAnythingOfGoesWithoutACopy() {
    leaveS3Behind();
    assertThat(box.ok("snapshot", "rm", "web", "s3", "--json"))
        .isEqualTo("{\n    \"removed\": [\n        \"s3\"\n    ]\n}\n");
  }

  @Test
  void aFailureTellsWhichSnapshotsAreGoneAlready() {
    leaveS3Behind();
    assertThat(box.fails(5, "snapshot", "rm", "web", "s3", "s1"))
        .startsWith("qcow4j: snapshot 's1' of box 'web' is needed; ")
        .endsWith("; 's3' is gone already\n");
    assertThat(box.fails(5, "snapshot", "rm", "web", "s1", "s2")).doesNotContain("already");
    assertThat(box.ok("snapshot", "list", "web")).contains("s1", "s2").doesNotContain("s3");
  }

  @Test
  void aFailureTellsWhichBoxesAreGoneAlready() {
    box.ok("create", "one", "--size", "1M");
    box.ok("create", "two", "--size", "1M");
    box.ok("clone", "web", "twin");
    assertThat(box.fails(5, "rm", "one", "two", "web"))
        .endsWith("; 'one', 'two' are gone already\n");
    assertThat(box.ok("list")).contains("\ntwin ", "\nweb ").doesNotContain("\none ");
  }

  /** Makes it one that nothing depends on. */
  private void leaveS3Behind() {
    box.ok("restore", "web", "s1");
    box.ok("snapshot", "create", "web", "s4");
  }

  @Test
  void aCollectionSaysOfEachThingWhyItGoes() throws Exception {
    Path orphan = directory.resolve("home/layers/stray.qcow2");
    Files.write(orphan, new byte[4096]);
    Path staging = directory.resolve("home/staging/abcdefghij012345");
    Files.createDirectory(staging);
    Files.write(staging.resolve("disk.qcow2"), new byte[10]);
    String dry = box.ok("gc", "--dry-run", "--keep", "2");
    assertThat(dry)
        .contains("would remove snapshot 'web/s1', ", ", lru-keep: more than 2 snapshots\n")
        .contains("would remove orphan 'layers/stray.qcow2', 4 KiB, orphan: the catalogue")
        .contains("would remove orphan 'staging/abcdefghij012345', ")
        .contains("\n3 would go, ");
    assertThat(orphan).exists();
    assertThat(box.ok("gc", "--keep", "2", "--older-than", "0s", "--json"))
        .contains("\"dry_run\": false", "\"reason\": \"lru-keep+lru-age\"", "\"kind\": \"orphan\"")
        .containsPattern(METHOD)
        .contains("\"reason\": \"lru-age\"", "\"removed\": true", "\"size_bytes\": 4096")
        .doesNotContain("hindrance");
    assertThat(orphan).doesNotExist();
    assertThat(staging).doesNotExist();
    assertThat(box.ok("snapshot", "list", "web", "--json")).doesNotContain("\"name\"");
    QemuIo.run(disk, "-r", "read -P 1 64k 64k", "read -P 2 128k 64k", "read -P 3 192k 64k");
    assertThat(box.ok("gc")).isEqualTo("0 gone, 0 B\n");
    assertThat(box.fails(2, "gc", "--keep", "-1")).contains("--keep");
    assertThat(box.fails(2, "gc", "--older-than", "long")).contains("'long'", "12h");
    assertThat(box.fails(2, "gc", "--max-size", "much")).contains("'much'");
  }

  /** What a header names is data, whatever the catalogue knows of it. */
  @Test
  void aFileThatAnImageLiesOnIsNoOrphanForTheCollection() throws Exception {
    Path stray = directory.resolve("home/layers/stray.qcow2");
    Files.copy(Path.of(box.ok("snapshot", "path", "web", "s3").strip()), stray);
    QemuIo.rebase(disk, "../layers/stray.qcow2");
    assertThat(box.ok("gc", "--dry-run")).contains("kept orphan 'layers/stray.qcow2', ");
    assertThat(box.ok("gc"))
        .contains("kept orphan 'layers/stray.qcow2', ", "not removed: an image lies on 'layers")
        .endsWith("\n0 gone, 0 B\n");
    assertThat(stray).exists();
  }
}
