package io.github.qcow4j.cli.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a guest boots from: an initramfs that finds the root disk, and a raw image of that disk with
 * a shell and QEMU's agent on it.
 *
 * @param kernel the kernel's image
 * @param initramfs what it starts with
 * @param rootImage a raw disk, not to be changed
 */
record GuestParts(Path kernel, Path initramfs, Path rootImage) {

  /** The drivers of disk and agent; what they need comes by itself. */
  private static final List<String> DRIVERS = List.of("virtio_pci", "virtio_blk", "virtio_console");

  private static final long DISK_BYTES = 64L << 20;
  private static final Pattern NEEDED = Pattern.compile("depends=([A-Za-z0-9_,-]*)\0");
  private static final Pattern LIBRARY = Pattern.compile("(/\\S+)(?= \\(0x)");

  /** Makes them in a directory. */
  static GuestParts make(Path directory) throws IOException, InterruptedException {
    return new GuestParts(HostTools.kernelImage(), initramfs(directory), rootImage(directory));
  }

  private static Path initramfs(Path directory) throws IOException, InterruptedException {
    Path tree = Files.createDirectory(directory.resolve("initramfs"));
    for (String each : List.of("bin", "dev", "modules", "root")) {
      Files.createDirectory(tree.resolve(each));
    }
    Files.copy(HostTools.tool("busybox"), tree.resolve("bin/busybox"));
    writeProgram("initramfs-init", tree.resolve("init"));
    Set<String> order = new LinkedHashSet<>();
    for (String driver : DRIVERS) {
      addModule(driver, tree.resolve("modules"), order);
    }
    Files.writeString(
        tree.resolve("modules/order"), order.isEmpty() ? "" : String.join("\n", order) + "\n");
    Path archive = directory.resolve("initramfs.cpio.gz");
    HostTools.run(tree, "sh", "-c", "find . | cpio -o -H newc | gzip -1 > '" + archive + "'");
    return archive;
  }

  private static void addModule(String name, Path folder, Set<String> order) throws IOException {
    Path file = HostTools.kernelModule(name);
    if (file == null || order.contains(name)) {
      return;
    }
    byte[] content = Files.readAllBytes(file);
    Matcher needed = NEEDED.matcher(new String(content, StandardCharsets.ISO_8859_1));
    if (needed.find() && !needed.group(1).isEmpty()) {
      // Named in the reverse of the order in which they are needed, as often as not.
      for (String each : needed.group(1).split(",", -1)) {
        addModule(each, folder, order);
      }
    }
    Files.write(folder.resolve(name + ".ko"), content);
    order.add(name);
  }

  private static Path rootImage(Path directory) throws IOException, InterruptedException {
    Path tree = Files.createDirectory(directory.resolve("root"));
    for (String each : List.of("bin", "sbin", "dev", "proc", "sys", "run", "data")) {
      Files.createDirectory(tree.resolve(each));
    }
    Files.copy(HostTools.tool("busybox"), tree.resolve("bin/busybox"));
    writeProgram("root-init", tree.resolve("sbin/init"));
    Path agent = HostTools.tool("qemu-ga");
    Files.copy(agent, tree.resolve("sbin/qemu-ga"));
    Matcher libraries = LIBRARY.matcher(HostTools.run(directory, "ldd", agent.toString()));
    while (libraries.find()) {
      Path copy = tree.resolve(libraries.group(1).substring(1));
      Files.createDirectories(copy.getParent());
      Files.copy(Path.of(libraries.group(1)), copy);
    }
    Path image = directory.resolve("root.raw");
    HostTools.run(directory, "truncate", "-s", Long.toString(DISK_BYTES), image.toString());
    HostTools.run(directory, "mkfs.ext4", "-q", "-d", tree.toString(), image.toString());
    return image;
  }

  private static void writeProgram(String name, Path file) throws IOException {
    try (InputStream resource = GuestParts.class.getResourceAsStream(name)) {
      Files.copy(resource, file);
    }
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
