package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.cli.testing.QemuIo;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every command of boxes, its text, its JSON and its exit codes. */
final class BoxCommandsTest {

  @TempDir Path directory;
  private BoxRun box;
  private Path image;

  @BeforeEach
  void makeImage() throws Exception {
    box = new BoxRun(directory.resolve("home"));
    image = directory.resolve("image.raw");
    Files.write(image, new byte[1 << 20]);
  }

  @Test
  void aBoxIsMadeShownRenamedAndRemoved() throws Exception {
    assertThat(box.ok("create", "web", "--from", image.toString(), "--disk", "data=" + image))
        .isEqualTo("box 'web' is made\n");
    assertThat(box.ok("list")).matches("(?s)NAME +STATUS +DISKS.*\\nweb +stopped +2 .*");
    assertThat(box.ok("show", "web")).contains("name: web\n", "status: stopped\n", "\ndata ");
    String path = box.ok("path", "web").strip();
    assertThat(Path.of(path)).isAbsolute().exists();
    assertThat(box.ok("path", "web", "--disk", "data")).isNotEqualTo(path + "\n");
    assertThat(box.ok("rename", "web", "shop")).isEmpty();
    assertThat(box.ok("path", "shop").strip()).isEqualTo(path);
    assertThat(box.fails(3, "show", "web")).isEqualTo("qcow4j: there is no box 'web'\n");
    assertThat(box.ok("rm", "shop")).isEmpty();
    assertThat(box.ok("--json", "list")).isEqualTo("{\n    \"boxes\": [\n    ]\n}\n");
    assertThat(Path.of(path)).doesNotExist();
  }

  @Test
  void jsonHasTheMembersThatScriptsRelyOn() throws Exception {
    String created = box.ok("create", "web", "--from", image.toString(), "--json");
    for (String member :
        List.of("id", "name", "status", "created_at", "role", "path", "virtual_size")) {
      assertThat(created).contains("\"" + member + "\": ");
    }
    assertThat(created)
        .contains("\"virtual_size\": 1048576", "\"chain_depth\": 2", "\"allocated_size\": ")
        .containsPattern("\"created_at\": \"[0-9-]{10}T[0-9:.]+Z\"")
        .doesNotContain("method");
    assertThat(box.ok("create", "own", "--from", image.toString(), "--independent", "--json"))
        .containsPattern("\"method\": \"(reflink|kernel_copy|user_copy)\"");
    String snapshot =
        box.ok("snapshot", "create", "web", "first", "--description", "as installed", "--json");
    for (String member : List.of("id", "box_id", "created_at", "size_bytes")) {
      assertThat(snapshot).contains("\"" + member + "\": ");
    }
    assertThat(snapshot)
        .contains("\"name\": \"first\"", "\"description\": \"as installed\"")
        .contains("\"container_disk_bytes\": 1048576");
    assertThat(box.ok("snapshot", "list", "web", "--json")).contains("\"snapshots\": [");
    assertThat(box.ok("snapshot", "tree", "web", "--json")).contains("\"kind\": \"snapshot\"");
    assertThat(box.ok("path", "web", "--json")).contains("\"path\": \"/");
  }

  @Test
  void failuresHaveOneLineAnExitCodeAndADocument() throws Exception {
    OurRun run = box.call("show", "web", "--json");
    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.stderr()).isEqualTo("qcow4j: there is no box 'web'\n");
    assertThat(run.stdout())
        .isEqualTo(
            """
            {
                "error": {
                    "code": "not_found",
                    "message": "there is no box 'web'"
                }
            }
            """);
    box.ok("create", "web", "--size", "1M");
    assertThat(box.fails(4, "create", "web", "--size", "1M")).contains("'web'");
    assertThat(box.fails(2, "create", "a/b", "--size", "1M")).contains("'a/b'");
    assertThat(box.fails(2, "create", "b", "--size", "much")).contains("'much' is not a size");
    assertThat(box.fails(2, "create", "b")).contains("--from").contains("--help");
    assertThat(box.fails(2, "create", "b", "--size", "1M", "--from", "x")).contains("--from");
    assertThat(box.call("frobnicate", "--json").stdout()).contains("\"code\": \"usage\"");
    assertThat(box.call("clone", "--json", "--max-chain", "1", "web", "a").stdout())
        .contains("--max-chain takes 2 or more");
    assertThat(box.fails(2, "list", "--references", "some")).contains("same-dir");
    assertThat(box.fails(2, "frobnicate")).contains("frobnicate");
    assertThat(box.fails(2)).contains("which command?", "create", "snapshot");
    assertThat(box.fails(2, "snapshot")).contains("tree");
    assertThat(box.fails(2, "list", "--frobnicate")).contains("--frobnicate");
    assertThat(box.fails(2, "restore", "web")).contains("which snapshot");
    assertThat(box.fails(2, "clone", "web")).contains("names");
    assertThat(box.fails(2, "clone", "web", "a", "--count", "2")).contains("--count");
    assertThat(box.fails(2, "snapshot", "create", "web", "s", "--quiesce", "agent"))
        .contains("agent=SOCKET");
    assertThat(box.fails(3, "create", "b", "--from", directory.resolve("none").toString()))
        .contains("none");
    assertThat(box.fails(3, "restore", "web", "none")).contains("'none'");
    assertThat(box.fails(6, "create", "b", "--from", image.toString(), "--format", "qcow2"))
        .contains("qcow4j: ");
    assertThat(box.ok("list", "--json")).doesNotContain("\"b\"");
  }

  @Test
  void whatWasWrittenSinceARestoreIsLostByForceAlone() throws Exception {
    QemuTools.require();
    box.ok("create", "web", "--size", "1M");
    Path disk = Path.of(box.ok("path", "web").strip());
    box.ok("snapshot", "create", "web", "first");
    QemuIo.run(disk, "write -P 1 0 64k");
    for (String since : List.of("write -P 2 512k 512", "write -z 0 64k", "truncate 2M")) {
      box.ok("restore", "web", "first");
      QemuIo.run(disk, since);
      assertThat(box.fails(5, "restore", "--undo", "web"))
          .contains("'web' was written to since the restore", "force");
      QemuIo.run(disk, "-r", "read -P 0 0 64k");
      box.ok("restore", "--undo", "--force", "web");
      QemuIo.run(disk, "-r", "read -P 1 0 64k");
    }
    assertThat(box.fails(2, "restore", "--force", "web", "first")).contains("--from-dir");
  }

  @Test
  void snapshotsAreMadeListedRestoredAndRemoved() throws Exception {
    QemuTools.require();
    box.ok("create", "web", "--size", "1M");
    Path disk = Path.of(box.ok("path", "web").strip());
    QemuIo.run(disk, "write -P 1 0 64k");
    assertThat(box.ok("snapshot", "create", "web", "first")).isEmpty();
    QemuIo.run(disk, "write -P 2 0 64k");
    box.ok("snapshot", "create", "web", "second", "--description", "with data");
    assertThat(box.fails(4, "snapshot", "create", "web", "first")).contains("'first'");
    assertThat(box.ok("snapshot", "list", "web"))
        .matches("(?s)NAME .*\\nsecond .*with data\\nfirst .*\\n");
    assertThat(box.ok("snapshot", "show", "web", "first")).contains("name: first\n");
    Path frozen = Path.of(box.ok("snapshot", "path", "web", "first").strip());
    QemuIo.run(frozen, "-r", "read -P 1 0 64k");
    assertThat(box.ok("snapshot", "tree", "web"))
        .isEqualTo("first (snapshot)\n└─ second (snapshot)\n   └─ web (box)\n");
    box.ok("restore", "web", "first", "--keep", "third");
    QemuIo.run(disk, "-r", "read -P 1 0 64k");
    box.ok("restore", "--undo", "web");
    QemuIo.run(disk, "-r", "read -P 2 0 64k");
    box.ok("clone", "web", "twin", "--snapshot", "first");
    QemuIo.run(Path.of(box.ok("path", "twin").strip()), "-r", "read -P 1 0 64k");
    assertThat(box.ok("clone", "web", "--count", "2", "--prefix", "n"))
        .isEqualTo("box 'n1' is made\nbox 'n2' is made\n");
    assertThat(box.ok("clone", "web", "alone", "--full", "--json"))
        .containsPattern("\"method\": \"(reflink|kernel_copy|user_copy)\"");
    assertThat(box.fails(5, "snapshot", "rm", "web", "first")).contains("'first'");
    box.ok("rm", "n1", "n2", "twin", "alone");
  }

  @Test
  void boxesTravelInArchivesAndDirectories() throws Exception {
    QemuTools.require();
    box.ok("create", "web", "--size", "1M");
    Path disk = Path.of(box.ok("path", "web").strip());
    QemuIo.run(disk, "write -P 5 0 64k");
    box.ok("snapshot", "create", "web", "first");
    QemuIo.run(disk, "write -P 6 0 64k");
    Path archive = directory.resolve("out.boxlite");
    for (String compression : List.of("zstd", "lz4", "none")) {
      assertThat(box.ok("export", "web", "-o", archive.toString(), "--compress", compression))
          .startsWith(archive + ", ");
      String json = box.ok("import", archive.toString(), "--name", "from-" + compression, "--json");
      assertThat(json).contains("\"status\": \"stopped\"");
      Path imported = Path.of(box.ok("path", "from-" + compression).strip());
      QemuIo.run(imported, "-r", "read -P 6 0 64k");
      Files.delete(archive);
    }
    box.ok("export", "web", "--snapshot", "first", "-o", directory.toString(), "--json");
    assertThat(box.fails(4, "import", directory.resolve("web.boxlite").toString()))
        .contains("'web'");
    assertThat(box.fails(4, "export", "web", "-o", directory.toString())).contains("web.boxlite");
    box.ok("import", directory.resolve("web.boxlite").toString(), "--name", "again");
    QemuIo.run(Path.of(box.ok("path", "again").strip()), "-r", "read -P 5 0 64k");
    Path out = directory.resolve("out");
    assertThat(box.ok("export", "web", "--to-dir", out.toString())).isEqualTo(out + "\n");
    assertThat(out.resolve("snapshot.json")).exists();
    Files.write(archive, new byte[2000]);
    box.fails(6, "import", archive.toString(), "--name", "no");
    box.fails(3, "import", directory.resolve("none").toString());
    box.fails(2, "export", "web", "-o", "x", "--compress", "zip");
    box.fails(
        8,
        "import",
        directory.resolve("web.boxlite").toString(),
        "--name",
        "n",
        "--max-size",
        "64k");
    assertThat(box.home().resolve("staging").toFile().list()).isEmpty();
  }

  @Test
  void theHomeIsWhereItIsSaidToBe() throws Exception {
    Path given = directory.resolve("given");
    OurRun run =
        OurRun.of(
            Personality.QCOW4J,
            Map.of("HOME", directory.resolve("user").toString()),
            List.of("box", "--home", given.toString(), "list"));
    assertThat(run.exitCode()).as(run.toString()).isZero();
    assertThat(given).exists();
    run =
        OurRun.of(
            Personality.QCOW4J,
            Map.of("XDG_DATA_HOME", directory.resolve("data").toString(), "HOME", "/nowhere"),
            List.of("box", "list"));
    assertThat(run.exitCode()).as(run.toString()).isZero();
    assertThat(directory.resolve("data/qcow4j")).exists();
    run =
        OurRun.of(
            Personality.QCOW4J,
            Map.of("XDG_DATA_HOME", "relative", "HOME", directory.resolve("user").toString()),
            List.of("box", "list"));
    assertThat(run.exitCode()).as(run.toString()).isZero();
    assertThat(directory.resolve("user/.local/share/qcow4j")).exists();
    run = OurRun.of(Personality.QCOW4J, Map.of(), List.of("box", "list"));
    assertThat(run.exitCode()).as(run.toString()).isEqualTo(2);
    assertThat(run.stderr()).contains("--home");
  }

  @Test
  void whatIsMissingIsToldOnceWithTheCommandThatTellsMore() {
    assertThat(box.fails(2, "create", "web"))
        .startsWith("qcow4j: Missing required argument")
        .endsWith("; 'qcow4j box create --help' tells what it takes\n");
    assertThat(box.fails(2, "snapshot", "rm"))
        .startsWith("qcow4j: Missing required parameter")
        .endsWith("; 'qcow4j box snapshot rm --help' tells what it takes\n");
    assertThat(box.fails(2, "snapshot"))
        .endsWith("; 'qcow4j box snapshot --help' tells what it takes\n");
  }

  @Test
  void helpTellsOfEveryCommandAndQemuImgHasNoBoxes() {
    assertThat(box.ok("--help")).contains("create", "snapshot", "restore", "clone", "--json");
    assertThat(box.ok("snapshot", "create", "--help")).contains("--quiesce", "agent=SOCKET");
    assertThat(box.ok("run", "--help")).contains("qcow4j box run NAME -- COMMAND");
    assertThat(box.ok("--help")).startsWith("Usage: qcow4j box [");
    assertThat(box.ok("create", "--help")).startsWith("Usage: qcow4j box create [");
    assertThat(box.ok("snapshot", "rm", "--help")).startsWith("Usage: qcow4j box snapshot rm [");
    assertThat(OurRun.asQemuImg("box", "list").exitCode()).isEqualTo(1);
  }
}
