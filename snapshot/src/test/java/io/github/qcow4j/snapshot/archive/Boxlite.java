package io.github.qcow4j.snapshot.archive;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.snapshot.archive.ArchiveRequest.ArchivedDisk;
import io.github.qcow4j.snapshot.intake.Staging;
import io.github.qcow4j.snapshot.json.JsonText;
import io.github.qcow4j.snapshot.json.JsonValue.JsonObject;
import io.github.qcow4j.snapshot.transfer.Sha256;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** Words of the tests of archives. */
final class Boxlite {

  static final Volume VOLUME = Volumes.host();
  static final Instant TIME = Instant.parse("2026-03-04T05:06:07Z");

  private Boxlite() {}

  /** A chain of three layers with data, zeros and compressed clusters; returns its top. */
  static Path chain(Path folder) throws IOException {
    QemuTools qemu = QemuTools.require().in(folder);
    Path raw = folder.resolve("base.raw");
    Files.write(raw, new byte[0]);
    qemu.img("create", "-q", "-f", "raw", raw.toString(), "20M").orFail();
    qemu.ioFormat("raw", raw, "write -P 0x11 1M 3M", "write -P 0x12 19M 1M");
    Path middle = folder.resolve("middle.qcow2");
    qemu.createOverlay(middle, "", "base.raw", "raw");
    qemu.io(middle, "write -P 0x21 2M 64k", "write -z 3M 256k", "write -c -P 0x22 8M 64k");
    Path top = folder.resolve("top.qcow2");
    qemu.createOverlay(top, "", "middle.qcow2", "qcow2");
    qemu.io(top, "write -P 0x31 2100k 5k", "write -P 0x32 15M 700k", "write -P 0 16M 128k");
    return top;
  }

  static DiskImage open(Path image) throws IOException {
    return DiskImages.open(
        VOLUME, image, ReferencePolicy.allow(), ImageOptions.of(ImageFormat.QCOW2));
  }

  static ArchiveRequest request(Compression compression, ArchivedDisk... disks) {
    return request(compression, null, disks);
  }

  static ArchiveRequest request(
      Compression compression, JsonObject options, ArchivedDisk... disks) {
    return new ArchiveRequest(
        "web",
        "docker.io/library/alpine:3",
        options,
        List.of(disks),
        TIME,
        compression,
        compression.defaultLevel(),
        4);
  }

  static StagedArchive stage(Path archive, Path staging) throws IOException {
    return ArchiveIntake.stage(
        new ArchiveSource.FromFile(VOLUME, archive),
        new Staging(VOLUME, staging),
        IntakeLimits.DEFAULT,
        new JobControl());
  }

  static JsonObject json(String text) throws IOException {
    return JsonText.readObject(text.replace('\'', '"').getBytes(UTF_8), "test");
  }

  static String digestOf(Path file) throws IOException {
    Sha256 digest = new Sha256();
    digest.add(ByteBuffer.wrap(Files.readAllBytes(file)));
    return digest.text();
  }

  /** A manifest as BoxLite writes it. */
  static String manifest(int version, String digest, String more) {
    return """
    {
      "version": %d,
      "box_name": "web",
      "image": "alpine",%s
      "guest_disk_checksum": "",
      "container_disk_checksum": "%s",
      "exported_at": "2026-03-04T05:06:07Z"
    }\
    """
        .formatted(version, more, digest);
  }
}
