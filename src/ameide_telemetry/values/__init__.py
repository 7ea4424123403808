"""Other people's values: looked at without being harmed by them.

foreign   runs an object's own code, so that nothing it raises reaches the service
sketch    containers whose text would not end
text      any object -> text; text -> text that UTF-8 can hold
plain     any object -> what JSON can hold, within a budget
failure   an exception -> type, message and stack, bounded, without local variables
"""
