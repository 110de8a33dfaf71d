package io.github.qcow4j.snapshot.archive;

import static io.github.qcow4j.snapshot.archive.Boxlite.TIME;
import static io.github.qcow4j.snapshot.archive.Boxlite.VOLUME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.RenameMode;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.snapshot.archive.ArchiveRequest.ArchivedDisk;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import io.github.qcow4j.snapshot.intake.Staging;
import io.github.qcow4j.snapshot.json.JsonText;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.transfer.HostProgram;
import io.github.qcow4j.snapshot.transfer.UnsupportedTransferException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Archives out and in again, with other people's programs looking at them in between. */
class ArchiveRoundTripTest {

  @TempDir Path folder;
  private QemuTools qemu;
  private Path staging;

  @BeforeEach
  void prepare() throws IOException {
    qemu = QemuTools.require().in(folder);
    staging = Files.createDirectory(folder.resolve("staging"));
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void aChainComesBackAsOneDiskOfTheSameContent(Compression compression) throws Exception {
    Path top = Boxlite.chain(folder);
    ArchiveResult result = export(compression, top, folder.resolve("web.boxlite"));
    Path plain = plainArchive(compression, folder.resolve("web.boxlite"));
    assertThat(HostProgram.run(folder, "tar", "-tf", plain.toString()))
        .isEqualTo("manifest.json\ndisk.qcow2\n");
    Path extracted = Files.createDirectory(folder.resolve("extracted"));
    HostProgram.run(extracted, "tar", "-xf", plain.toString());
    Path disk = extracted.resolve("disk.qcow2");
    qemu.assertCheckClean(disk);
    assertThat(HostProgram.run(folder, "qemu-img", "compare", top + "", disk + ""))
        .contains("Images are identical");
    assertThat(qemu.infoJson(disk)).doesNotContain("backing");
    assertThat(result.disks().getFirst().digest()).isEqualTo(Boxlite.digestOf(disk));
    assertThat(result.archiveBytes()).isEqualTo(Files.size(folder.resolve("web.boxlite")));

    StagedArchive staged = Boxlite.stage(folder.resolve("web.boxlite"), staging);
    assertThat(staged.compression()).isEqualTo(compression);
    assertThat(staged.manifest())
        .usingRecursiveComparison()
        .ignoringFields("disks")
        .isEqualTo(result.manifest());
    StagedDisk back = staged.disks().getFirst();
    assertThat(back.path()).isEqualTo(staging.resolve("disk.qcow2"));
    assertThat(back.virtualSize()).isEqualTo(20 << 20);
    assertThat(back.digest()).isEqualTo(result.disks().getFirst().digest());
    assertThat(back.path()).hasSameBinaryContentAs(disk);
    try (Stream<Path> names = Files.list(staging)) {
      assertThat(names).containsExactly(back.path());
    }
  }

  private Path plainArchive(Compression compression, Path archive) throws Exception {
    Path plain = folder.resolve("plain.tar");
    switch (compression) {
      case ZSTD -> HostProgram.run(folder, "zstd", "-q", "-d", archive + "", "-o", plain + "");
      case LZ4 -> HostProgram.run(folder, "lz4", "-q", "-d", archive + "", plain + "");
      case NONE -> Files.copy(archive, plain);
    }
    return plain;
  }

  private ArchiveResult export(Compression compression, Path image, Path archive)
      throws IOException {
    try (DiskImage disk = Boxlite.open(image)) {
      return BoxArchives.export(
          Boxlite.request(compression, new ArchivedDisk("root", disk)),
          new ArchiveDestination.ToFile(VOLUME, archive, RenameMode.REPLACE),
          new JobControl());
    }
  }

  @Test
  void theManifestHasBoxlitesKeysInTheirOrder() throws Exception {
    Path top = Boxlite.chain(folder);
    ArchiveResult result = export(Compression.NONE, top, folder.resolve("web.boxlite"));
    HostProgram.run(folder, "tar", "-xf", "web.boxlite", "manifest.json");
    assertThat(folder.resolve("manifest.json"))
        .hasContent(
            """
            {
              "version": 3,
              "box_name": "web",
              "image": "docker.io/library/alpine:3",
              "guest_disk_checksum": "",
              "container_disk_checksum": "%s",
              "exported_at": "2026-03-04T05:06:07Z"
            }
            """
                .formatted(result.disks().getFirst().digest()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          3 | {}
          3 | {'ports':[], 'advanced':{'capabilities':{'add':[],'drop':[]}}}
          4 | {'ports':null, 'advanced':{'capabilities':{'add':[],'drop':['NET_RAW']}}}
          5 | {'ports':[{'host_port':80,'guest_port':80}], 'advanced':{'capabilities':{'add':['x']}}}
          """)
  void theLowestVersionThatCarriesTheOptionsIsWritten(int version, String options)
      throws Exception {
    qemu.create(folder.resolve("d.qcow2"), "", 1 << 20);
    JsonObject carried = Boxlite.json(options);
    try (DiskImage disk = Boxlite.open(folder.resolve("d.qcow2"))) {
      ArchiveRequest request =
          Boxlite.request(Compression.ZSTD, carried, new ArchivedDisk("root", disk));
      StagedArchive back = stage(exported(request));
      assertThat(back.manifest().version()).isEqualTo(version);
      assertThat(back.manifest().boxOptions()).isNotNull();
    }
  }

  private static byte[] exported(ArchiveRequest request) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    BoxArchives.export(
        request, new ArchiveDestination.ToChannel(Channels.newChannel(bytes)), new JobControl());
    return bytes.toByteArray();
  }

  private StagedArchive stage(byte[] archive) throws IOException {
    return ArchiveIntake.stage(
        new ArchiveSource.FromChannel(Channels.newChannel(new ByteArrayInputStream(archive))),
        new Staging(VOLUME, staging),
        IntakeLimits.DEFAULT,
        new JobControl());
  }

  @Test
  void noSecretIsWritten() throws Exception {
    qemu.create(folder.resolve("d.qcow2"), "", 1 << 20);
    JsonObject options =
        Boxlite.json(
            "{'cpus':2,'secrets':[{'name':'key','hosts':['a'],'placeholder':'<KEY>',"
                + "'value':'hunter2','extra':'hunter2'}, 'hunter2'],'env':[['A','b']]}");
    try (DiskImage disk = Boxlite.open(folder.resolve("d.qcow2"))) {
      byte[] archive =
          exported(Boxlite.request(Compression.NONE, options, new ArchivedDisk("root", disk)));
      assertThat(new String(archive, java.nio.charset.StandardCharsets.ISO_8859_1))
          .doesNotContain("hunter2");
      assertThat(stage(archive).manifest().boxOptions())
          .isEqualTo(
              Boxlite.json(
                  "{'cpus':2,'secrets':[{'name':'key','hosts':['a'],'placeholder':'<KEY>',"
                      + "'value':''}],'env':[['A','b']]}"));
    }
  }

  @Test
  void secretsThatAreNoListAreLeftOutWholly() throws Exception {
    assertThat(CarriedOptions.withoutSecrets(Boxlite.json("{'secrets':{'value':'hunter2'}}")))
        .isEqualTo(Boxlite.json("{}"));
  }

  @ParameterizedTest
  @EnumSource(Compression.class)
  void theSameRequestMakesTheSameBytes(Compression compression) throws Exception {
    Path top = Boxlite.chain(folder);
    try (DiskImage disk = Boxlite.open(top)) {
      ArchiveRequest request = Boxlite.request(compression, new ArchivedDisk("root", disk));
      assertThat(exported(request)).isEqualTo(exported(request));
    }
  }

  @Test
  void aBoxOfManyDisksHasAnArchiveThatBoxliteRefuses() throws Exception {
    Path top = Boxlite.chain(folder);
    qemu.create(folder.resolve("d.qcow2"), "", 3 << 20);
    try (DiskImage root = Boxlite.open(top);
        DiskImage data = Boxlite.open(folder.resolve("d.qcow2"))) {
      ArchiveRequest request =
          Boxlite.request(
              Compression.ZSTD, new ArchivedDisk("root", root), new ArchivedDisk("data", data));
      StagedArchive back = stage(exported(request));
      assertThat(back.manifest().version()).isGreaterThan(Manifest.WITH_PORTS);
      assertThat(back.disks()).extracting(StagedDisk::role).containsExactly("root", "data");
      assertThat(back.disks())
          .extracting(StagedDisk::virtualSize)
          .containsExactly(20L << 20, 3L << 20);
    }
  }

  @Test
  void aGuestsOwnRootDiskStaysWithinBoxlitesVersions() throws Exception {
    qemu.create(folder.resolve("d.qcow2"), "", 3 << 20);
    try (DiskImage root = Boxlite.open(folder.resolve("d.qcow2"))) {
      ArchiveRequest request =
          Boxlite.request(
              Compression.ZSTD,
              new ArchivedDisk("root", root),
              new ArchivedDisk("guest-rootfs", root));
      StagedArchive back = stage(exported(request));
      assertThat(back.manifest().version()).isEqualTo(3);
      assertThat(back.disks()).extracting(StagedDisk::role).containsExactly("root", "guest-rootfs");
    }
  }

  @Test
  void anLz4FrameIsNoTapeArchiveToWhoeverTakesItForOne() throws Exception {
    Path top = Boxlite.chain(folder);
    export(Compression.LZ4, top, folder.resolve("web.boxlite"));
    byte[] start = Files.readAllBytes(folder.resolve("web.boxlite"));
    assertThat(start).startsWith(0x04, 0x22, 0x4D, 0x18);
    assertThatThrownBy(
            () -> HostProgram.run(folder, "tar", "-xf", "web.boxlite", "--no-auto-compress"))
        .isInstanceOf(AssertionError.class);
  }

  @Test
  void inAFolderTheArchiveHasTheBoxesName() throws Exception {
    qemu.create(folder.resolve("d.qcow2"), "", 1 << 20);
    try (DiskImage disk = Boxlite.open(folder.resolve("d.qcow2"))) {
      ArchiveDestination target =
          new ArchiveDestination.ToFolder(VOLUME, folder, RenameMode.NO_REPLACE);
      ArchiveRequest request = Boxlite.request(Compression.ZSTD, new ArchivedDisk("root", disk));
      assertThat(BoxArchives.export(request, target, new JobControl()).path())
          .isEqualTo(folder.resolve("web.boxlite"))
          .exists();
      assertThatThrownBy(() -> BoxArchives.export(request, target, new JobControl()))
          .isInstanceOf(FileAlreadyExistsException.class);
      ArchiveRequest nameless =
          new ArchiveRequest(
              null,
              "",
              null,
              List.of(new ArchivedDisk("root", disk)),
              TIME,
              Compression.NONE,
              0,
              1);
      assertThat(BoxArchives.export(nameless, target, new JobControl()).path())
          .isEqualTo(folder.resolve("box.boxlite"))
          .exists();
      assertThat(Boxlite.stage(folder.resolve("box.boxlite"), staging).manifest().boxName())
          .isNull();
    }
  }

  @ParameterizedTest
  @CsvSource({"1,zstd", "2,zstd", "3,zstd", "4,zstd", "5,zstd", "1,plain", "5,plain"})
  void archivesLikeBoxlitesOwnAreRead(int version, String how) throws Exception {
    Path archive = boxliteArchive(version, how, "container");
    StagedArchive staged = Boxlite.stage(archive, staging);
    assertThat(staged.manifest().version()).isEqualTo(version);
    assertThat(staged.manifest().boxName()).isEqualTo("web");
    assertThat(staged.disks().getFirst().path())
        .hasSameBinaryContentAs(folder.resolve("source/disk.qcow2"));
  }

  /** As GNU tar makes them: with old sparse members, and with members that nobody knows. */
  private Path boxliteArchive(int version, String how, String digestOf) throws Exception {
    Path source = Files.createDirectories(folder.resolve("source"));
    Path disk = source.resolve("disk.qcow2");
    qemu.create(disk, "", 64 << 20);
    qemu.io(
        disk, "write -P 1 0 64k", "write -P 2 33M 1M", "write -P 0 40M 8M", "write -P 3 50M 64k");
    HostProgram.run(source, "fallocate", "--dig-holes", "disk.qcow2");
    String digest = digestOf.equals("container") && version > 1 ? Boxlite.digestOf(disk) : "";
    Files.writeString(source.resolve("manifest.json"), Boxlite.manifest(version, digest, ""));
    Files.writeString(source.resolve("notes.txt"), "anything");
    HostProgram.run(
        source,
        "tar",
        "-cSf",
        "../a.tar",
        "--format=gnu",
        "manifest.json",
        "disk.qcow2",
        "notes.txt");
    if (how.equals("plain")) {
      return folder.resolve("a.tar");
    }
    HostProgram.run(folder, "zstd", "-q", "-3", "a.tar");
    return folder.resolve("a.tar.zst");
  }

  @Test
  void versionsOfTheFutureAreUnknown() throws Exception {
    for (int version : new int[] {0, 6, 1000}) {
      Path archive = boxliteArchive(version, "plain", "none");
      assertThatThrownBy(() -> Boxlite.stage(archive, staging))
          .isInstanceOf(UnsupportedTransferException.class)
          .hasMessageContaining("version " + version);
      assertThat(staging).isEmptyDirectory();
    }
  }

  @Test
  void jsonTextsComeBackAsTheyWere() throws Exception {
    JsonObject value =
        Boxlite.json("{'a':[1,-2.5e3,true,false,null,'\\u0000\\n\\ud834\\udd1e/'],'b':{},'c':[]}");
    assertThat(JsonText.read(JsonText.write(value), "test")).isEqualTo(value);
  }
}
