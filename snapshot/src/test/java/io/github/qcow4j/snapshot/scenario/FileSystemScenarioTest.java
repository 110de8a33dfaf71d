package io.github.qcow4j.snapshot.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.snapshot.transfer.HostProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a guest's file system is made of comes back as it was: an ext4, by its own tools. */
class FileSystemScenarioTest extends ScenarioHome {

  private Path files;
  private int written;

  @BeforeEach
  void prepare() throws IOException {
    files = Files.createDirectory(directory.resolve("files"));
  }

  /** Puts a file system of what is in {@link #files} onto a box's disk. */
  private void write(BoxUnderTest box) throws Exception {
    Path raw = directory.resolve("guest-" + written++ + ".raw");
    HostProgram.run(
        directory, "mke2fs", "-q", "-t", "ext4", "-d", files.toString(), raw.toString(), "8M");
    qemu.img("convert", "-n", "-f", "raw", "-O", "qcow2", raw.toString(), box.disk().toString())
        .orFail();
  }

  /** What debugfs says of a box's file system, which is clean. */
  private String ask(BoxUnderTest box, String question) throws Exception {
    Path raw = directory.resolve("seen-" + written++ + ".raw");
    qemu.convertToRaw(box.disk(), raw);
    HostProgram.run(directory, "e2fsck", "-f", "-n", raw.toString());
    return HostProgram.run(directory, "debugfs", "-R", question, raw.toString());
  }

  @Test
  @Scenario(57)
  void permissionsComeBackWithTheSnapshot() throws Exception {
    Path script = Files.writeString(files.resolve("script"), "#!/bin/sh\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    BoxUnderTest box = create("web");
    write(box);
    box.snapshot("executable");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rw-------"));
    write(box);
    assertThat(ask(box, "stat /script")).contains("Mode:  0600");
    box.restore("executable");
    assertThat(ask(box, "stat /script")).contains("Mode:  0755");
  }

  @Test
  @Scenario({58, 59})
  void deepTreesAndManyFilesAreInSnapshotsAndClones() throws Exception {
    Path deep = Files.createDirectories(files.resolve("a/b/c/d/e"));
    Files.writeString(deep.resolve("leaf"), "deep down");
    for (int number = 0; number < 10; number++) {
      Files.writeString(files.resolve("file-" + number), "content-" + number);
    }
    BoxUnderTest box = create("web");
    write(box);
    box.snapshot("tree");
    BoxUnderTest twin = cloneLive("web", "twin").getFirst();
    Files.delete(deep.resolve("leaf"));
    Files.delete(files.resolve("file-3"));
    write(box);
    assertThat(ask(box, "cat /a/b/c/d/e/leaf")).doesNotContain("deep down");
    box.restore("tree");
    assertThat(ask(box, "cat /a/b/c/d/e/leaf")).endsWith("deep down");
    for (int number = 0; number < 10; number++) {
      assertThat(ask(twin, "cat /file-" + number)).endsWith("content-" + number);
    }
  }

  @Test
  @Scenario(60)
  void symbolicLinksSurviveAnArchive() throws Exception {
    Files.writeString(files.resolve("target"), "linked to");
    Files.createSymbolicLink(files.resolve("link"), Path.of("target"));
    BoxUnderTest box = create("web");
    write(box);
    BoxUnderTest back = importArchive(box.export(), "back");
    assertThat(ask(back, "stat /link")).contains("Type: symlink").contains("\"target\"");
    assertThat(ask(back, "cat /target")).endsWith("linked to");
  }
}
