package io.github.qcow4j.cli.hostile;

import io.github.qcow4j.cli.console.Personality;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** In what a stranger's image comes to a home, and what makes a box {@code web} of it. */
enum Delivery {
  IMAGE("box create web --from IMAGE"),
  COPY("box create web --from IMAGE --independent"),
  SECOND_DISK("box create web --size 1M --disk data=IMAGE"),
  ARCHIVE("box import IMAGE --name web") {
    @Override
    Path pack(Path image, Path directory) throws IOException {
      return archive(image, directory);
    }
  },
  STREAM("box import - --name web") {
    @Override
    Path pack(Path image, Path directory) throws IOException {
      return archive(image, directory);
    }

    @Override
    boolean isOnStandardInput() {
      return true;
    }
  },
  DIRECTORY("box clone --from-dir IMAGE web") {
    @Override
    Path pack(Path image, Path directory) throws IOException {
      Files.createLink(directory.resolve("root.qcow2"), image);
      return envelope(
          directory,
          """
          {"version": 1, "config": {"id": "X"}, "disks": [{"role": "root", "file": "root.qcow2",
          "format": "qcow2", "virtual_size": %d}]}
          """
              .formatted(Ground.SIZE_BYTES));
    }
  },
  COCOON_DIRECTORY("box clone --from-dir IMAGE web") {
    @Override
    Path pack(Path image, Path directory) throws IOException {
      Files.createLink(directory.resolve("overlay.qcow2"), image);
      return envelope(
          directory,
          """
          {"version": 1, "config": {"id": "X", "hypervisor": "cloud-hypervisor"}}
          """);
    }
  };

  /** Those that take a file as it is, wherever it leads. */
  static final List<Delivery> OF_A_FILE = List.of(IMAGE, COPY, SECOND_DISK);

  private static final int REFUSED = 8;

  private final String words;

  Delivery(String words) {
    this.words = words;
  }

  CommandLine command() {
    return new CommandLine(words, Personality.QCOW4J, false, REFUSED);
  }

  /** Whether the command is not told where it is, and reads it instead. */
  boolean isOnStandardInput() {
    return false;
  }

  /** Wraps it up in an empty directory; returns what is to be handed over. */
  Path pack(Path image, Path directory) throws IOException {
    return image;
  }

  private static Path archive(Path image, Path directory) throws IOException {
    Files.createLink(directory.resolve("disk.qcow2"), image);
    Files.writeString(
        directory.resolve("manifest.json"),
        """
        {"version": 3, "box_name": "web", "image": "alpine", "guest_disk_checksum": "",
        "container_disk_checksum": "", "exported_at": "2026-03-04T05:06:07Z"}
        """);
    Path archive = directory.resolve("web.boxlite");
    // Disks that end far away are mostly holes.
    run(
        directory,
        List.of(
            "tar", "--format=gnu", "--sparse", "-cf", archive + "", "manifest.json", "disk.qcow2"));
    return archive;
  }

  private static Path envelope(Path directory, String text) throws IOException {
    Files.writeString(directory.resolve("snapshot.json"), text);
    return directory;
  }

  private static void run(Path directory, List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).directory(directory.toFile()).inheritIO().start();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(command + " failed");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}
