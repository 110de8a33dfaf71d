package io.github.qcow4j.cli.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.qcow4j.cli.box.BoxRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Archives as the program writes them, and tape archives of every form that {@code tar} has. */
final class ArchiveSeeds {

  private static final int HOLE = 100 << 10;

  private ArchiveSeeds() {}

  static List<byte[]> of(Path directory) throws IOException {
    List<byte[]> seeds = new ArrayList<>();
    Path image = Files.write(directory.resolve("disk.qcow2"), FuzzSeeds.tinyImage());
    BoxRun box = new BoxRun(directory.resolve("home"));
    String _ = box.ok("create", "web", "--from", image.toString(), "--independent");
    for (String compression : List.of("zstd", "lz4", "none")) {
      Path archive = directory.resolve(compression + ".boxlite");
      String _ = box.ok("export", "web", "-o", archive.toString(), "--compress", compression);
      seeds.add(Files.readAllBytes(archive));
    }
    Files.write(
        directory.resolve("manifest.json"),
        FuzzSeeds.of(FuzzTarget.MANIFEST, directory).getFirst());
    String longName = "n".repeat(120);
    Files.writeString(directory.resolve(longName), "x");
    Path holey = directory.resolve("holey");
    try (var file = new java.io.RandomAccessFile(holey.toFile(), "rw")) {
      file.seek(HOLE);
      file.write("end".getBytes(UTF_8));
    }
    for (String form : List.of("pax", "gnu", "ustar")) {
      List<String> members = new ArrayList<>(List.of("manifest.json", "disk.qcow2", "holey"));
      if (!form.equals("ustar")) {
        members.add(longName);
      }
      seeds.add(tar(directory, form, members));
    }
    return seeds;
  }

  private static byte[] tar(Path directory, String form, List<String> members) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("tar", "--format=" + form, "-cf", form + ".tar"));
    if (!form.equals("ustar")) {
      command.add("--sparse");
    }
    command.addAll(members);
    Process process = new ProcessBuilder(command).directory(directory.toFile()).inheritIO().start();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command + " failed");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    return Files.readAllBytes(directory.resolve(form + ".tar"));
  }
}
