"""What checks found, written for people, for machines and for the systems that run checks.

A check makes a `Report` (`model`); `formats` has one function per format that turns it into text. Nothing in
here knows what was checked: log lines, source files and rendered configuration are all places with findings.
"""
