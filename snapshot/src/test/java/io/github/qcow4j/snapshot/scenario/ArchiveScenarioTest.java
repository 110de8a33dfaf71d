package io.github.qcow4j.snapshot.scenario;

import static io.github.qcow4j.snapshot.scenario.Patch.at;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveDestination;
import io.github.qcow4j.snapshot.archive.Compression;
import io.github.qcow4j.snapshot.model.Box;
import io.github.qcow4j.snapshot.model.BoxStatus;
import io.github.qcow4j.snapshot.model.CreateRequest;
import io.github.qcow4j.snapshot.model.DiskSource;
import io.github.qcow4j.snapshot.model.ExportRequest;
import io.github.qcow4j.snapshot.transfer.HostProgram;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Archives out and in. */
class ArchiveScenarioTest extends ScenarioHome {

  private static final long SEED = Long.getLong("qcow4j.seed", 31L);

  /** A file of the test's directory with bytes of a seed. */
  private Path randomFile(int lengthBytes) throws IOException {
    byte[] bytes = new byte[lengthBytes];
    new Random(SEED).nextBytes(bytes);
    return Files.write(directory.resolve("random-" + SEED), bytes);
  }

  @Test
  @Scenario(31)
  void textAndRandomBytesSurviveAnArchive() throws Exception {
    Path random = randomFile(4096);
    BoxUnderTest box = create("web").write(7);
    qemu.io(box.disk(), "write -s " + random + " 5M 4k");
    BoxUnderTest back = importArchive(box.export(), "back");
    back.reads(at(0, 7), at(1, 0));
    Path read = directory.resolve("read.raw");
    qemu.convertToRaw(back.disk(), read);
    byte[] found = new byte[4096];
    try (var file = Files.newByteChannel(read)) {
      file.position(5L << 20).read(ByteBuffer.wrap(found));
    }
    assertThat(found).as("seed %d", SEED).isEqualTo(Files.readAllBytes(random));
  }

  @Test
  @Scenario({32, 37, 39, 67})
  void inAFolderArchivesAreCalledAsTheirBoxesAndEndAlike() throws Exception {
    create("web").write(1);
    Path folder = Files.createDirectory(directory.resolve("out"));
    Path first = exportTo(folder, RenameMode.NO_REPLACE);
    Path second = exportTo(folder, RenameMode.REPLACE);
    assertThat(first).isEqualTo(second).isEqualTo(folder.resolve("web.boxlite")).isNotEmptyFile();
    assertThat(folder).isDirectoryContaining("glob:**/web.boxlite");
    try (var files = Files.list(folder)) {
      assertThat(files).hasSize(1);
    }
  }

  private Path exportTo(Path folder, RenameMode mode) throws IOException {
    return home.export(
            new ExportRequest("web", null, Compression.ZSTD, 3),
            new ArchiveDestination.ToFolder(volume, folder, mode),
            new JobControl())
        .path();
  }

  @Test
  @Scenario({33, 36, 38})
  void oneArchiveMakesManyBoxesThatStandAlone() throws Exception {
    Path archive = create("web").write(3).export();
    BoxUnderTest first = importArchive(archive, "first");
    BoxUnderTest second = importArchive(archive, "second");
    assertThat(home.list()).extracting(Box::id).hasSize(3).doesNotHaveDuplicates();
    home.remove("web", false);
    for (BoxUnderTest each : new BoxUnderTest[] {first, second}) {
      assertThat(each.status()).isEqualTo(BoxStatus.STOPPED);
      assertThat(qemu.infoJson(each.disk())).doesNotContain("backing-filename");
      each.reads(at(0, 3), at(1, 0));
    }
    first.write(4);
    second.reads(3);
  }

  @Test
  @Scenario(38)
  void theOptionsThatABoxCameWithGoOnWithIt() throws Exception {
    String options = "{\"cpus\":3,\"env\":[[\"A\",\"b\"]],\"something_new\":{\"x\":1}}";
    var disks = List.<DiskSource>of(new DiskSource.Empty(ROOT, DISK_BYTES));
    home.create(new CreateRequest("web", disks, options), new JobControl());
    BoxUnderTest back = importArchive(box("web").write(1).export(), "back");
    assertThat(back.shown().carried()).isEqualToIgnoringWhitespace(options);
    assertThat(back.status()).isEqualTo(BoxStatus.STOPPED);
  }

  @Test
  @Scenario(34)
  void snapshotsStayAtHome() throws Exception {
    BoxUnderTest box = create("web").write(1);
    box.snapshot("one");
    box.write(2);
    BoxUnderTest back = importArchive(box.export(), "back");
    assertThat(back.snapshots()).isEmpty();
    assertThat(back.shown().disks().getFirst().chainDepth()).isEqualTo(1);
    back.reads(2);
  }

  @Test
  @Scenario(35)
  void aChainIsFlattenedOnItsWayOut() throws Exception {
    create("web").write(at(0, 1), at(1, 1));
    BoxUnderTest twin = cloneLive("web", "twin").getFirst().write(at(1, 2));
    twin.snapshot("one");
    twin.write(at(2, 3));
    Path archive = twin.export();
    importArchive(archive, "back").reads(at(0, 1), at(1, 2), at(2, 3), at(3, 0));
  }

  @Test
  @Scenario({65, 66})
  void anArchiveIsAZstdTapeArchiveWhoseDigestsHold() throws Exception {
    Path archive = create("web").write(5).export();
    byte[] bytes = Files.readAllBytes(archive);
    assertThat(bytes).startsWith(0x28, 0xB5, 0x2F, 0xFD);
    Path unpacked = Files.createDirectory(directory.resolve("unpacked"));
    HostProgram.run(unpacked, "tar", "--zstd", "-xf", archive.toString());
    qemu.assertCheckClean(unpacked.resolve("disk.qcow2"));
    reads(unpacked.resolve("disk.qcow2"), at(0, 5), at(1, 0));
    String digest = HostProgram.run(unpacked, "sha256sum", "disk.qcow2").split(" ", 2)[0];
    assertThat(unpacked.resolve("manifest.json")).content().contains("sha256:" + digest);
    importArchive(archive, "back").reads(5);
  }
}
