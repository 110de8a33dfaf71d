package io.github.qcow4j.cli.fuzz;

import static io.github.qcow4j.cli.fuzz.FuzzTarget.FILE;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.archive.ArchiveIntake;
import io.github.qcow4j.snapshot.archive.ArchiveSource;
import io.github.qcow4j.snapshot.archive.IntakeLimits;
import io.github.qcow4j.snapshot.directory.DirectoryIntake;
import io.github.qcow4j.snapshot.intake.Staging;
import io.github.qcow4j.snapshot.tar.TarWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What is done with bytes that are said to be an archive, JSON or options. */
final class TextAttacks {

  private static final Path STAGING = Path.of("/staging");
  private static final Path MEMBERS = Path.of("/members");

  private TextAttacks() {}

  static void stageArchive(Volume volume, byte[] input) throws IOException {
    volume.createDirectory(STAGING);
    Object _ =
        ArchiveIntake.stage(
            new ArchiveSource.FromFile(volume, FILE),
            new Staging(volume, STAGING),
            new IntakeLimits(1 << 20),
            new JobControl());
  }

  /**
   * An archive of the files that the input is; or else with the input as its manifest, and one
   * member of every name it may speak of.
   */
  static void stageManifest(SimulatedVolume volume, byte[] input) throws IOException {
    boolean packed = PackedFiles.areIn(input);
    PackedFiles.unpack(volume, MEMBERS, packed ? input : new byte[0]);
    if (!packed) {
      FuzzTarget.write(volume, MEMBERS.resolve(BoxSeeds.MANIFEST), input);
      FuzzTarget.write(volume, MEMBERS.resolve("disk.qcow2"), FuzzSeeds.tinyImage());
    }
    ByteArrayOutputStream archive = new ByteArrayOutputStream();
    TarWriter tar = new TarWriter(Channels.newChannel(archive), 0);
    // The manifest has to be the first one.
    for (String name : volume.list(MEMBERS).reversed()) {
      append(tar, volume, MEMBERS.resolve(name));
    }
    tar.finish();
    volume.unlink(FILE);
    FuzzTarget.write(volume, FILE, archive.toByteArray());
    stageArchive(volume, input);
  }

  private static void append(TarWriter tar, Volume volume, Path member) throws IOException {
    if (volume.linkStatus(member).kind() == FileKind.REGULAR) {
      try (BlockFile file = volume.open(member, OpenOptions.reading())) {
        ByteBuffer content = ByteBuffer.allocate(Math.toIntExact(file.size()));
        int length = file.read(content, 0);
        tar.begin(String.valueOf(member.getFileName()), length);
        tar.write(content.flip());
      }
    }
  }

  static void readEnvelope(Volume volume, byte[] input) throws IOException {
    volume.createDirectory(STAGING);
    FuzzTarget.write(volume, STAGING.resolve("snapshot.json"), input);
    Object _ = DirectoryIntake.readEnvelope(volume, STAGING);
  }

  static void parseOptions(Volume volume, byte[] input) {
    String text = new String(input, UTF_8);
    for (List<String> arguments :
        List.of(
            List.of("measure", "-O", "qcow2", "--size", "1M", "-o", text),
            List.of("create", "-f", "qcow2", "-o", text, "/d/new", "1M"),
            List.of("create", "-f", "qcow2", "/d/new", text),
            List.of("info", "--image-opts", text),
            List.of("info", "json:" + text),
            List.of("amend", "-f", "qcow2", "-o", text, "/d/image.qcow2"),
            List.of("resize", "-f", "qcow2", "/d/image.qcow2", text),
            List.of("map", "-s", text, "-l", text, "/d/image.qcow2"),
            List.of("dd", "bs=" + text, "count=" + text, "if=/d/image.qcow2", "of=/d/new"),
            List.of("bench", "-c", "1", "-S", text, "-o", text, "/d/image.qcow2"),
            List.of("snapshot", "-l", text),
            List.of("convert", "-l", text, "/d/image.qcow2", "/d/new"),
            List.of("bitmap", "--add", "-g", text, "/d/image.qcow2", "b"))) {
      OurRun run = OurRun.of(Personality.QEMU_IMG, Map.of(), () -> volume, arguments);
      // Not anywhere in it: the fuzzer soon learned to give these words as an option.
      if (run.stderr().startsWith("qemu-img: internal error: ")
          || ranOutOfMemory(run, text)
          || run.exitCode() < 0
          || run.exitCode() > 1) {
        throw new AssertionError(run.toString());
      }
    }
  }

  /** The program tells of it like of any failure, behind what it was doing. */
  private static boolean ranOutOfMemory(OurRun run, String text) {
    String words = "Cannot allocate memory";
    return run.stderr().endsWith(words + "\n") && !text.contains(words);
  }
}
