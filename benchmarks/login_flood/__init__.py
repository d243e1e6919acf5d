"""Does a flood of wrong logins slow down those who are logged in already?"""
