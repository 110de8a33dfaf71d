package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What people and scripts ask by mistake. */
final class BoxOddRequestsTest {

  @TempDir Path directory;
  private BoxRun box;

  @BeforeEach
  void open() {
    box = new BoxRun(directory.resolve("home"));
  }

  @Test
  void aDiskGivenTwiceIsToldAndNotPassedOver() throws Exception {
    Path image = Files.write(directory.resolve("image.raw"), new byte[1 << 20]);
    String disk = "data=" + image;
    assertThat(box.fails(2, "create", "web", "--size", "1M", "--disk", disk, "--disk", disk))
        .isEqualTo("qcow4j: two disks of the role 'data'\n");
    assertThat(box.fails(2, "create", "web", "--size", "1M", "--disk", "data"))
        .isEqualTo("qcow4j: 'data' is not ROLE=IMAGE\n");
    assertThat(box.ok("list", "--json")).doesNotContain("web");
  }

  @Test
  void aWrongNameAmongRightOnesRemovesNoBox() throws Exception {
    box.ok("create", "a", "--size", "1M");
    box.ok("create", "b", "--size", "1M");
    assertThat(box.fails(3, "rm", "a", "nobody", "b"))
        .isEqualTo("qcow4j: there is no box 'nobody'\n");
    assertThat(box.ok("list")).contains("\na ", "\nb ");
  }

  @Test
  void aBoxNamedTwiceIsRemovedOnce() throws Exception {
    box.ok("create", "a", "--size", "1M");
    box.ok("create", "b", "--size", "1M");
    assertThat(box.ok("rm", "a", "a", "b", "--json")).containsOnlyOnce("\"a\"");
    assertThat(box.ok("list", "--json")).isEqualTo("{\n    \"boxes\": [\n    ]\n}\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"zstd", "lz4", "none"})
  void anArchiveIsNotTakenForADisk(String compression) {
    box.ok("create", "web", "--size", "1M");
    Path archive = directory.resolve("web.boxlite");
    box.ok("export", "web", "-o", archive.toString(), "--compress", compression);
    String line =
        "qcow4j: '"
            + archive
            + "' is an archive, and no disk; import makes a box of it, or say that its format is"
            + " raw\n";
    String from = archive.toString();
    assertThat(box.fails(2, "create", "two", "--from", from)).isEqualTo(line);
    assertThat(box.fails(2, "create", "two", "--from", from, "--independent")).isEqualTo(line);
    assertThat(box.fails(2, "create", "two", "--size", "1M", "--disk", "data=" + from))
        .isEqualTo(line);
    assertThat(box.ok("list")).doesNotContain("two");
    box.ok("create", "two", "--from", from, "--format", "raw");
    box.ok("import", from, "--name", "three");
  }

  @Test
  void whatIsNoArchiveIsDamagedAndNotRefused() throws Exception {
    Path file = directory.resolve("file");
    for (byte[] content :
        List.of(
            new byte[100],
            new byte[1 << 20],
            new byte[4 << 20],
            "Not an archive.\n".repeat(1000).getBytes(StandardCharsets.UTF_8),
            "x".getBytes(StandardCharsets.UTF_8),
            new byte[0])) {
      Files.write(file, content);
      assertThat(box.fails(6, "import", file.toString())).startsWith("qcow4j: Invalid archive: ");
    }
    assertThat(box.ok("list")).doesNotContain("file");
  }

  @Test
  void anEmptyNameIsNotTheWorkingDirectory() throws Exception {
    box.ok("create", "web", "--size", "1M");
    String line = "qcow4j: '' is not a file name\n";
    assertThat(box.fails(2, "export", "web", "--to-dir", "")).isEqualTo(line);
    assertThat(box.fails(2, "export", "web", "-o", "")).isEqualTo(line);
    assertThat(box.fails(2, "create", "two", "--from", "")).isEqualTo(line);
    assertThat(box.fails(2, "clone", "--from-dir", "", "two")).isEqualTo(line);
    assertThat(box.fails(2, "import", "")).isEqualTo(line);
  }

  @Test
  void aFolderWithSomethingInItIsToldAsSuch() throws Exception {
    box.ok("create", "web", "--size", "1M");
    Path folder = Files.createDirectory(directory.resolve("out"));
    Files.createFile(folder.resolve("something"));
    assertThat(box.fails(4, "export", "web", "--to-dir", folder.toString()))
        .isEqualTo("qcow4j: '" + folder + "' is not empty; empty it or give another name\n");
    assertThat(folder.resolve("something")).exists();
    Path file = folder.resolve("something");
    assertThat(box.fails(4, "export", "web", "-o", file.toString()))
        .isEqualTo("qcow4j: '" + file + "' exists already; remove it or give another name\n");
    assertThat(box.fails(4, "export", "web", "--to-dir", file.toString()))
        .isEqualTo("qcow4j: '" + file + "': a file, and no directory\n");
    assertThat(file).isEmptyFile();
  }

  @Test
  void whatStandsInTheWayOfARemovalIsNotWhatGoesWithIt() throws Exception {
    box.ok("create", "web", "--size", "1M");
    box.ok("snapshot", "create", "web", "one");
    box.ok("clone", "web", "twin");
    box.ok("clone", "twin", "third", "--full");
    assertThat(box.fails(5, "rm", "web"))
        .isEqualTo(
            "qcow4j: box 'web' has layers that others need; remove these first, or force it:"
                + " box 'twin'\n");
  }

  @Test
  void aHomeThatLostItsCatalogueIsToldByEveryCommandAndKeepsItsImages() throws Exception {
    box.ok("create", "web", "--size", "1M");
    Path disk = Path.of(box.ok("path", "web").strip());
    Path catalogue = directory.resolve("home/catalogue.db");
    Files.write(catalogue, new byte[0]);
    for (String command : List.of("gc", "list", "check")) {
      assertThat(box.fails(6, command)).contains("'" + catalogue + "', is empty", "a backup");
    }
    assertThat(box.fails(6, "create", "second", "--size", "1M")).contains("is empty");
    assertThat(disk).exists();
    assertThat(catalogue).isEmptyFile();
  }

  @Test
  void aKeptDiskThatIsNoImageAnyMoreIsNamedAndTheBoxStays() throws Exception {
    box.ok("create", "web", "--size", "1M");
    box.ok("snapshot", "create", "web", "one");
    box.ok("restore", "web", "one");
    Path kept = keptDisk();
    byte[] sound = Files.readAllBytes(kept);
    Files.writeString(kept, "garbage");
    String name = "'disks/" + kept.getFileName() + "'";
    assertThat(box.fails(6, "restore", "--undo", "web"))
        .contains(name + ", which the last restore of box 'web' has replaced, cannot be put back")
        .contains("the box stays as it is", "next snapshot or restore gives up");
    Files.delete(kept);
    assertThat(box.fails(6, "restore", "--undo", "web")).contains(name, "is not there");
    Files.write(kept, sound);
    box.ok("restore", "--undo", "web");
  }

  private Path keptDisk() throws Exception {
    Path live = Path.of(box.ok("path", "web").strip());
    try (Stream<Path> disks = Files.list(live.getParent())) {
      return disks.filter(each -> !each.equals(live)).findFirst().orElseThrow();
    }
  }

  @Test
  void columnsLineUpWhateverTheScriptOfANameIs() throws Exception {
    // Turned around, the name would be read as another one's.
    for (String unseen :
        List.of("a\u202Eb", "\u2066web", "we\u200Bb", "a\u2028b", "\uDB40\uDC41web")) {
      String refusal = box.fails(2, "create", unseen, "--size", "1M");
      assertThat(refusal).contains("has a control or format character in it");
      assertThat(refusal.codePoints().noneMatch(c -> Character.getType(c) == Character.FORMAT))
          .as(refusal)
          .isTrue();
    }
    for (String name : List.of("plain", "grün-ß", "e\u0301te", "盒子", "ハコ", "\uD83D\uDCE6")) {
      box.ok("create", name, "--size", "1M");
      assertThat(box.fails(2, "snapshot", "create", name, "s\u202E1")).contains("'s?1'");
    }
    List<String> lines = box.ok("list").lines().toList();
    assertThat(lines).hasSize(7);
    assertThat(lines.get(0)).startsWith("NAME    STATUS ");
    assertThat(lines)
        .anyMatch(line -> line.startsWith("plain   stopped "))
        .anyMatch(line -> line.startsWith("grün-ß  stopped "))
        .anyMatch(line -> line.startsWith("e\u0301te     stopped "))
        .anyMatch(line -> line.startsWith("盒子    stopped "))
        .anyMatch(line -> line.startsWith("ハコ    stopped "))
        .anyMatch(line -> line.startsWith("\uD83D\uDCE6      stopped "));
  }

  @Test
  void aFolderThatIsNotThereIsNoNameForAnArchive() throws Exception {
    box.ok("create", "web", "--size", "1M");
    String folder = directory.resolve("missing") + "/";
    assertThat(box.fails(3, "export", "web", "-o", folder)).contains("'" + folder + "'");
    assertThat(directory.resolve("missing")).doesNotExist();
    assertThat(box.fails(1, "import", directory.toString())).contains("clone", "--from-dir");
  }
}
