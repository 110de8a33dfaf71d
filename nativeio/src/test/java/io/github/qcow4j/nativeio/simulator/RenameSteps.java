package io.github.qcow4j.nativeio.simulator;

/**
 * In how many steps a rename reaches the disk, of which a power cut may take some. An exchange of
 * two names is always one step: file systems without a journal have none ({@code rename(2)}, {@code
 * RENAME_EXCHANGE}).
 */
public enum RenameSteps {
  /**
   * In one, also between two directories: ext3, ext4, XFS and btrfs put both changes into one
   * transaction of their journal or tree (Pillai and others, "All File Systems Are Not Created
   * Equal", OSDI 2014, which found directory operations torn on ext2 alone).
   */
  ONE,
  /**
   * In two, the new name before the old one goes, so that both may be left: the rule of file
   * systems that order their writes instead of a journal, never to reset the old pointer to a
   * resource before the new one has been set (Ganger and Patt, "Metadata Update Performance in File
   * Systems", OSDI 1994). It is the order in which ext2 makes its changes, and in which provider
   * {@code portable} renames without replacing: by a second name.
   */
  NEW_NAME_FIRST,
  /**
   * In two, in any order, so that the old name may be gone and the new one not be there yet: ext2
   * and FAT, whose blocks the kernel writes when it likes.
   */
  ANY_ORDER
}
