package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.QemuIo;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Boxes made of exported directories, and put back to them. */
final class BoxDirectoriesTest {

  @TempDir private Path directory;
  private BoxRun box;
  private Path disk;
  private Path golden;

  @BeforeEach
  void makeDirectory() throws Exception {
    QemuTools.require();
    box = new BoxRun(directory.resolve("home"));
    box.ok("create", "web", "--size", "1M");
    disk = disk("web");
    QemuIo.run(disk, "write -P 1 0 64k");
    box.ok("snapshot", "create", "web", "first");
    QemuIo.run(disk, "write -P 2 0 64k");
    golden = directory.resolve("golden");
    assertThat(
            box.ok("export", "web", "--snapshot", "first", "--to-dir", golden.toString(), "--json"))
        .containsPattern("\"method\": \"(reflink|kernel_copy|user_copy)\"");
  }

  private Path disk(String name) {
    return Path.of(box.ok("path", name).strip());
  }

  @Test
  void clonesOfADirectoryShareOneLayerAndOutliveTheDirectory() throws Exception {
    byte[] envelope = Files.readAllBytes(golden.resolve("snapshot.json"));
    String made = box.ok("clone", "--from-dir", golden.toString(), "a", "b", "--json");
    assertThat(made)
        .contains("\"name\": \"a\"", "\"name\": \"b\"", "\"chain_depth\": 2")
        .containsPattern("\"method\": \"(reflink|kernel_copy|user_copy)\"");
    assertThat(Files.readAllBytes(golden.resolve("snapshot.json"))).isEqualTo(envelope);
    assertThat(box.ok("clone", "--from-dir", golden.toString(), "--count", "2", "--prefix", "n"))
        .contains("box 'n1' is made", "box 'n2' is made");
    Files.delete(golden.resolve("root.qcow2"));
    QemuIo.run(disk("b"), "write -P 7 64k 64k", "read -P 1 0 64k");
    QemuIo.run(disk("a"), "-r", "read -P 1 0 64k", "read -P 0 64k 64k");
    QemuIo.run(disk("n2"), "-r", "read -P 1 0 64k");
    box.ok("rm", "web", "a", "b", "n1", "n2");
    assertThat(directory.resolve("home/layers").toFile().list()).isEmpty();
    assertThat(directory.resolve("home/staging").toFile().list()).isEmpty();
  }

  @Test
  void theOtherFilesOfACocoonDirectoryAreShownWithTheirSizes() throws Exception {
    Path cocoon = Files.createDirectory(directory.resolve("cocoon"));
    Files.write(cocoon.resolve("cow.raw"), new byte[1 << 20]);
    Files.write(cocoon.resolve("mem"), new byte[5000]);
    Files.write(cocoon.resolve("vmstate"), new byte[0]);
    Files.write(cocoon.resolve("z\u202ez"), new byte[0]);
    Files.writeString(
        cocoon.resolve("snapshot.json"),
        "{\"version\": 1, \"config\": {\"id\": \"X\", \"hypervisor\": \"firecracker\"}}");
    box.ok("clone", "--from-dir", cocoon.toString(), "a");
    assertThat(box.ok("show", "a").lines().toList())
        .endsWith("OTHER FILE  SIZE", "mem         4.88 KiB", "vmstate     0 B", "z z         0 B");
    assertThat(box.ok("show", "a", "--json").replaceAll("\\s+", ""))
        .contains(
            "\"other_files\":[{\"name\":\"mem\",\"size_bytes\":5000},"
                + "{\"name\":\"vmstate\",\"size_bytes\":0},"
                + "{\"name\":\"z\\u202Ez\",\"size_bytes\":0}]");
    assertThat(box.ok("show", "web")).doesNotContain("OTHER FILE");
    assertThat(box.ok("show", "web", "--json").replaceAll("\\s+", ""))
        .contains("\"other_files\":[]");
  }

  @Test
  void aBoxIsPutBackToItsOwnDirectoryAndThatIsUndone() throws Exception {
    box.ok("restore", "web", "--from-dir", golden.toString());
    QemuIo.run(disk, "-r", "read -P 1 0 64k");
    box.ok("restore", "--undo", "web");
    QemuIo.run(disk, "-r", "read -P 2 0 64k");
    Path present = directory.resolve("present");
    box.ok("export", "web", "--to-dir", present.toString());
    QemuIo.run(disk, "write -P 3 0 64k");
    box.ok("restore", "web", "--from-dir", present.toString());
    QemuIo.run(disk, "-r", "read -P 2 0 64k");
    assertThat(box.ok("check")).contains("all is well");
  }

  @Test
  void aDirectoryOfAnotherBoxIsRefusedUnlessForced() throws Exception {
    box.ok("create", "other", "--size", "1M");
    String before = box.ok("show", "other");
    assertThat(box.fails(8, "restore", "other", "--from-dir", golden.toString()))
        .contains("does not belong to box 'other'", "force");
    assertThat(box.ok("show", "other")).isEqualTo(before);
    box.ok("restore", "other", "--from-dir", golden.toString(), "--force");
    QemuIo.run(disk("other"), "-r", "read -P 1 0 64k");
    Path data = Files.write(directory.resolve("data.raw"), new byte[1 << 20]);
    box.ok("create", "two", "--size", "1M", "--disk", "data=" + data);
    assertThat(box.fails(5, "restore", "two", "--from-dir", golden.toString(), "--force"))
        .contains("has no disk 'data'");
    assertThat(directory.resolve("home/staging").toFile().list()).isEmpty();
  }

  @Test
  void whatMakesNoSenseTogetherIsRefused() throws Exception {
    String from = golden.toString();
    assertThat(box.fails(2, "clone", "--from-dir", from)).contains("names");
    assertThat(box.fails(2, "clone", "--from-dir", from, "a", "--full")).contains("--full");
    assertThat(box.fails(2, "clone", "web", "a", "--max-size", "1G")).contains("--max-size");
    assertThat(box.fails(2, "restore", "web", "first", "--from-dir", from)).contains("either");
    assertThat(box.fails(2, "restore", "web", "first", "--force")).contains("either");
    assertThat(box.fails(2, "restore", "web", "--force")).contains("--from-dir");
    assertThat(box.fails(2, "restore", "--undo", "web", "--from-dir", from)).contains("--undo");
    assertThat(box.fails(4, "clone", "--from-dir", from, "web")).contains("'web'");
    assertThat(box.fails(8, "clone", "--from-dir", from, "a", "--max-size", "64k"))
        .contains("too large");
    assertThat(box.fails(3, "clone", "--from-dir", directory.resolve("none").toString(), "a"))
        .contains("none");
    Files.delete(golden.resolve("snapshot.json"));
    assertThat(box.fails(6, "clone", "--from-dir", from, "a")).contains("snapshot.json");
  }
}
