package io.github.qcow4j.cli.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Archives as the program writes them, and tape archives of every form that {@code tar} has. The
 * disks in them are those of {@code qemu-img}.
 */
final class ArchiveSeeds {

  private static final int HOLE = 100 << 10;

  private ArchiveSeeds() {}

  static List<byte[]> of(Path directory) throws IOException {
    BoxSeeds box = BoxSeeds.in(directory);
    List<byte[]> seeds = new ArrayList<>(box.archives());
    byte[] disk = box.ownDisk();
    Files.write(directory.resolve("disk.qcow2"), disk);
    Files.write(directory.resolve(BoxSeeds.MANIFEST), box.manifestOf(disk));
    String longName = "n".repeat(120);
    Files.writeString(directory.resolve(longName), "x");
    Path holey = directory.resolve("holey");
    try (var file = new java.io.RandomAccessFile(holey.toFile(), "rw")) {
      file.seek(HOLE);
      file.write("end".getBytes(UTF_8));
    }
    for (String form : List.of("pax", "gnu", "ustar")) {
      List<String> members = new ArrayList<>(List.of(BoxSeeds.MANIFEST, "disk.qcow2", "holey"));
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
